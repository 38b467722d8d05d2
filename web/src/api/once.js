// One wish is carried out once, however often it is asked: RFC draft httpapi-idempotency-key-header.

/**
 * Gives the key of a wish: the same for the same body, as after an answer that was lost, and a new one for another.
 * @returns {(body: object) => string}
 */
export function createKeys() {
  let last = "";
  let key = "";
  return (body) => {
    const text = JSON.stringify(body);
    if (text !== last) [last, key] = [text, crypto.randomUUID()];
    return key;
  };
}
