// The limit: no check, no signature, no header touched. What a proxy must do at least: method, headers and
// body of the request go on as they came, the answer comes back as it is.
export default {
  fetch(request, env) {
    // `request.url` is the raw target; slicing it is cheaper than parsing it.
    const url = request.url;
    return fetch(env.ORIGIN + url.slice(url.indexOf("/", 8)), request);
  },
};
