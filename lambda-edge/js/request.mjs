// A signed request of the rules: `url \n names (\n value)*`, and what stands behind it.
export function requestOf(text) {
  const [url, names, ...values] = text.split("\n");
  const fields = names.split(" ");
  const headers = Object.fromEntries(fields.map((name, at) => [name, values[at]]));
  return { url, headers, rest: values.slice(fields.length).join("\n") };
}
