import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'fflate';

/**
 * Leaves every file but the page as its gzip and nothing else, which is a quarter of
 * the size in the repository and in the binary; the server inflates it for the rare
 * client that cannot. fflate and not node:zlib, because zlib's output differs between
 * versions and processors, and the build has to give the same bytes everywhere.
 */
export function precompress() {
  return {
    name: 'precompress',
    apply: 'build',
    writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle)) {
        if (name === 'index.html') continue;
        const path = join(dir, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9, mem: 12, mtime: 0 }));
        rmSync(path);
      }
    },
  };
}
