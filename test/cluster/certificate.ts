import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The files of a certificate, and its text for those who shall trust it. */
export interface Certificate extends AsyncDisposable {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** Makes a certificate for this machine that signs itself, by the machine's openssl. Gone after disposal. */
export async function certificate(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'keyslot-certificate-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  try {
    await promisify(execFile)('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=keyslot-test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
      ...['-keyout', key, '-out', cert],
    ]);
    const ca = await readFile(cert, 'utf8');
    return { cert, key, ca, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
