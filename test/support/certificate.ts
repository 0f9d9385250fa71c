import { execFile } from 'node:child_process';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Puts a fresh self-signed certificate for 127.0.0.1 into the directory, in place of one that is there. */
export async function writeCertificate(dir: string, commonName: string): Promise<CertificateFiles> {
  const files = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') };
  const fresh = { cert: join(dir, 'cert.new'), key: join(dir, 'key.new') };
  const subject = ['-subj', `/CN=${commonName}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', fresh.key, '-out', fresh.cert]);
  await rename(fresh.key, files.key);
  await rename(fresh.cert, files.cert);
  return files;
}
