/** The region of signatures at servers that have none. */
export const noRegion = 'us-east-1'
