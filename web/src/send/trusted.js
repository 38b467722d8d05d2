// The one Trusted Types policy of a page: it lets scripts of the page's own folder be started as workers, and nothing
// else. Text from strangers never comes here.

/** @type {{ createScriptURL(url: string): any }} */
const policy = globalThis.trustedTypes?.createPolicy("clouddrop", { createScriptURL: own }) ?? { createScriptURL: own };

/** The address of a script that was built with the page, as `new Worker` takes it. */
export function scriptUrl(/** @type {string} */ url) {
  return policy.createScriptURL(url);
}

function own(/** @type {string} */ url) {
  const whole = new URL(url, document.baseURI);
  if (whole.origin !== location.origin) throw new TypeError("a script of another origin is not started");
  return whole.href;
}
