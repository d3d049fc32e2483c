# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads an in-toto statement with in-toto's own library, which knows every field and refuses others; SLSA provenance likewise."""

import json
import sys

from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
Statement.copy_from_pb(json_format.Parse(text, statement_pb2.Statement())).validate()
statement = json.loads(text)
if statement["predicateType"] == "https://slsa.dev/provenance/v1":
    json_format.ParseDict(statement["predicate"], provenance_pb2.Provenance())
