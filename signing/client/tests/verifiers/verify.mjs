// SPDX-License-Identifier: MIT OR Apache-2.0
// Verifies the cases of a folder with @sigstore/verify, offline, and prints a JSON object with what it says of each.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder, modules] = process.argv.slice(2);
const require = createRequire(join(modules, 'package.json'));
const { bundleFromJSON } = require('@sigstore/bundle');
const { TrustedRoot } = require('@sigstore/protobuf-specs');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const read = (name) => readFileSync(join(folder, name));
const json = (name) => JSON.parse(read(name));
const trust = toTrustMaterial(TrustedRoot.fromJSON(json('trusted_root.json')));
const verifier = new Verifier(trust, { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 });
const results = {};
for (const each of json('cases.json')) {
  try {
    const artifact = each.artifact === null ? undefined : read(each.artifact);
    const entity = toSignedEntity(bundleFromJSON(json(each.bundle)), artifact);
    verifier.verify(entity, { subjectAlternativeName: each.identity, extensions: { issuer: each.issuer } });
    results[each.name] = null;
  } catch (error) {
    results[each.name] = `${error.name} ${error.code ?? ''}: ${error.message}`;
  }
}
console.log(JSON.stringify(results));
