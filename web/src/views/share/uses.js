// How often a share was used: of one with a limit, what counts against it.

/** @param {any} share */
export const usesOf = ({ max_downloads: most, uses }) => (most ? uses.claims : uses.downloads);
