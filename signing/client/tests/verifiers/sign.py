# SPDX-License-Identifier: MIT OR Apache-2.0
"""Signs a file with sigstore-python, through the services of a trust configuration, and prints the bundle."""

import pathlib
import sys

from sigstore.models import ClientTrustConfig
from sigstore.oidc import IdentityToken
from sigstore.sign import SigningContext

token, artifact = sys.argv[1:]
config = ClientTrustConfig.from_json(pathlib.Path("client_trust_config.json").read_text())
with SigningContext.from_trust_config(config).signer(IdentityToken(token)) as signer:
    print(signer.sign_artifact(pathlib.Path(artifact).read_bytes()).to_json())
