-- SPDX-License-Identifier: MIT OR Apache-2.0
CREATE TABLE entries (id INTEGER PRIMARY KEY NOT NULL, note TEXT NOT NULL);
