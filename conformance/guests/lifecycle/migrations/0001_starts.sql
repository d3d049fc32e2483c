-- SPDX-License-Identifier: MIT OR Apache-2.0
CREATE TABLE starts (id TEXT PRIMARY KEY NOT NULL);
