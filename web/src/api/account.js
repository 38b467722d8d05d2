// Who calls, and how much room there is.

/** @param {import("./client.js").Call} call */
export const account = (call, options) => call("GET", "/api/v1/account", undefined, options);
