/** Which digest of each block is kept; shared by the commands that convert. */
export const DIGEST_OPTION = {
  choices: ['xxh64', 'sha256'] as const,
  default: 'xxh64' as const,
  requiresArg: true,
  describe: 'Digest of each block: xxh64 costs nothing, sha256 is for evidence',
};
