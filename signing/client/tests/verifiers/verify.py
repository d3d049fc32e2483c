# SPDX-License-Identifier: MIT OR Apache-2.0
"""Verifies the cases of a folder with sigstore-python, offline, and prints a JSON object with what it says of each."""

import json
import pathlib
import sys

from sigstore.models import Bundle, ClientTrustConfig
from sigstore.verify import Verifier, policy

folder = pathlib.Path(sys.argv[1])
cases = json.loads((folder / "cases.json").read_text())
config = ClientTrustConfig.from_json((folder / "client_trust_config.json").read_text())
results = {}
for case in cases:
    try:
        bundle = Bundle.from_json((folder / case["bundle"]).read_bytes())
        who = policy.Identity(identity=case["identity"], issuer=case["issuer"])
        verifier = Verifier(trusted_root=config.trusted_root)
        if case["artifact"] is None:
            verifier.verify_dsse(bundle, who)
        else:
            verifier.verify_artifact((folder / case["artifact"]).read_bytes(), bundle, who)
        results[case["name"]] = None
    except Exception as error:  # whatever it is: it did not verify
        results[case["name"]] = f"{type(error).__name__}: {error}"
print(json.dumps(results))
