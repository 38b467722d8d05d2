// The orders that files can be shown in. The service lists the newest first.

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** @type {Record<string, (one: any, other: any) => number>} */
export const SORTS = {
  newest: () => 0,
  oldest: (one, other) => Date.parse(one.created_at) - Date.parse(other.created_at),
  name: (one, other) => byName.compare(one.name, other.name),
  largest: (one, other) => other.size - one.size,
};
