// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makers of hostile statements: a grammar driven by bytes, and mutations of the cases.

/// Words that a hostile component would try, and glue.
pub(crate) const DICTIONARY: &[&str] = &[
    "other__t",
    "demo__t",
    "demo_shop__t",
    "demo_shop_x__t",
    "sqlite_master",
    "sqlite_schema",
    "\"sqlite_master\"",
    "main.t",
    "temp.t",
    "main.sqlite_master",
    "\"other__t\"",
    "`other__t`",
    "[other__t]",
    "'other__t'",
    "\"main\".\"t\"",
    "rowid",
    "_rowid_",
    "pg_class",
    "pragma_table_info('t')",
    "json_each('[1]')",
    "load_extension('x')",
    "random()",
    "t",
    "u",
    "accounts",
    "a",
    "b",
    "c",
    "id",
    "x",
    "SELECT",
    "FROM",
    "WHERE",
    "JOIN",
    "ON",
    "TRUE",
    "AS",
    "WITH",
    "RECURSIVE",
    "UNION ALL",
    "EXCEPT",
    "INSERT INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE FROM",
    "RETURNING",
    "*",
    ",",
    "(",
    ")",
    ".",
    ";",
    "--",
    "/*",
    "*/",
    "'",
    "\"",
    "?1",
    "?2",
    "?",
    "$1",
    ":x",
    "1",
    "0",
    "NULL",
    "=",
    "<",
    "||",
    "/",
    "%",
    "-",
    "COLLATE NOCASE",
    "INDEXED BY x",
    "NOT",
    "IN",
    "EXISTS",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "CAST",
    "OVER",
    "ORDER BY",
    "GROUP BY",
    "LIMIT",
    "OFFSET",
    "PRAGMA",
    "ATTACH",
    "VACUUM",
    "CREATE TABLE",
    "DROP TABLE",
    "BEGIN",
    "TABLE",
    "LATERAL",
    "excluded",
    "ON CONFLICT",
    "DO UPDATE",
    "DO NOTHING",
    "\u{0}",
    "ä",
    "\n",
];

/// The statements of all case files.
pub(crate) fn corpus() -> Vec<String> {
    let files = [
        include_str!("../cases/names.txt"),
        include_str!("../cases/select.txt"),
        include_str!("../cases/expression.txt"),
        include_str!("../cases/function.txt"),
        include_str!("../cases/group.txt"),
        include_str!("../cases/compound.txt"),
        include_str!("../cases/change.txt"),
        include_str!("../cases/literal.txt"),
    ];
    let blocks = files.iter().flat_map(|file| file.split("\n\n"));
    blocks
        .map(|block| {
            let lines = block.lines().filter(|line| !line.starts_with("  ") && !line.starts_with('#'));
            lines.collect::<Vec<_>>().join("\n")
        })
        .filter(|sql| !sql.trim().is_empty())
        .collect()
}

/// Deletes, doubles, swaps and replaces words of a statement.
pub(crate) fn mutated(sql: &str, mutations: &[(u16, u16, u8)]) -> String {
    let mut words: Vec<String> = sql.split_inclusive([' ', '(', ')', ',', '.']).map(str::to_owned).collect();
    for (first, second, kind) in mutations {
        if words.is_empty() {
            break;
        }
        let (first, second) = (usize::from(*first) % words.len(), usize::from(*second));
        match kind {
            0 => drop(words.remove(first)),
            1 => words.insert(first, words[first].clone()),
            2 => {
                let second = second % words.len();
                words.swap(first, second);
            }
            3 => words[first] = format!("{} ", DICTIONARY[second % DICTIONARY.len()]),
            _ => words.insert(first, format!("{} ", DICTIONARY[second % DICTIONARY.len()])),
        }
    }
    words.concat()
}

/// A statement of a small grammar. The bytes choose; where they end, the shortest choice is taken.
pub(crate) fn grammar(bytes: &[u8]) -> String {
    let mut source = Source { bytes, depth: 0 };
    match source.choose(6) {
        0 => source.insert(),
        1 => format!("UPDATE {} SET {} = {} WHERE {}", source.table(), source.column(), source.expr(), source.expr()),
        2 => format!("DELETE FROM {} WHERE {} RETURNING {}", source.table(), source.expr(), source.column()),
        3 => {
            let (name, inner, body) = (source.alias(), source.query(), source.query());
            let recursive = if source.choose(3) == 1 { "RECURSIVE " } else { "" };
            format!("WITH {recursive}{name} AS ({inner}) {body}")
        }
        _ => source.query(),
    }
}

struct Source<'a> {
    bytes: &'a [u8],
    depth: usize,
}

impl Source<'_> {
    fn choose(&mut self, count: u8) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        first % count
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[usize::from(self.choose(u8::try_from(from.len()).unwrap()))]
    }

    fn table(&mut self) -> &'static str {
        if self.choose(24) == 1 {
            return self.pick(&[
                "other__t",
                "sqlite_master",
                "main.t",
                "demo_shop__t",
                "t AS sqlite_master",
                "pragma_table_list",
                "`t`",
                "temp.u",
                "demo__t",
                "demo_shop_x__t",
                "\"Other__t\"",
                "json_each('[1]')",
                "t INDEXED BY x",
            ]);
        }
        self.pick(&["t", "u", "accounts", "T", "\"t\"", "x", "y", "\"t\" AS x", "u AS y", "u t", "t AS u"])
    }

    fn alias(&mut self) -> &'static str {
        if self.choose(24) == 1 {
            return self.pick(&["other__t", "sqlite_master", "demo_shop__t", "\"a b\""]);
        }
        self.pick(&["x", "y", "t", "u", "accounts", "\"x\""])
    }

    fn column(&mut self) -> &'static str {
        if self.choose(24) == 1 {
            return self.pick(&["rowid", "other__t.a", "excluded.a", "main.t.a", "_rowid_", "t.oid"]);
        }
        self.pick(&["a", "b", "id", "a", "b", "id", "t.a", "u.b", "x.a", "t.id", "kind", "\"a\""])
    }

    fn insert(&mut self) -> String {
        let (table, column, source) = (self.table(), self.column(), self.choose(2));
        let rows = if source == 0 { format!("VALUES ({}, {})", self.expr(), self.expr()) } else { self.query() };
        let conflict = match self.choose(4) {
            1 => " ON CONFLICT DO NOTHING".to_owned(),
            2 => format!(" ON CONFLICT (id) DO UPDATE SET {} = {}", self.column(), self.expr()),
            _ => String::new(),
        };
        format!("INSERT INTO {table} (id, {column}) {rows}{conflict}")
    }

    fn query(&mut self) -> String {
        self.depth += 1;
        if self.depth > 6 {
            return "SELECT a FROM t".to_owned();
        }
        let mut query = format!("SELECT {} FROM {}", self.expr(), self.relation());
        if self.choose(2) == 1 {
            query += &format!(" JOIN {} ON {}", self.relation(), self.expr());
        }
        if self.choose(2) == 1 {
            query += &format!(" WHERE {}", self.expr());
        }
        match self.choose(6) {
            1 => query += &format!(" UNION ALL {}", self.query()),
            2 => query += &format!(" ORDER BY {} LIMIT 3", self.column()),
            3 => query += &format!(" GROUP BY {}", self.column()),
            _ => {}
        }
        self.depth -= 1;
        query
    }

    fn relation(&mut self) -> String {
        match self.choose(4) {
            0 => format!("({}) AS {}", self.query(), self.alias()),
            _ => self.table().to_owned(),
        }
    }

    fn expr(&mut self) -> String {
        self.depth += 1;
        let text = match if self.depth > 8 { 0 } else { self.choose(14) } {
            1 => format!("({} + {})", self.expr(), self.expr()),
            2 => format!("{} / {}", self.expr(), self.expr()),
            3 => format!("{} AND NOT {}", self.expr(), self.expr()),
            4 => format!("({}) ", self.query()),
            5 => format!("EXISTS ({})", self.query()),
            6 => format!("{} IN ({})", self.expr(), self.query()),
            7 => format!("CASE WHEN {} THEN {} END", self.expr(), self.expr()),
            8 => format!(
                "{}({})",
                self.pick(&["lower", "length", "abs", "lower", "length", "abs", "count", "random", "load_extension"]),
                self.expr()
            ),
            9 => format!("{} LIKE {}", self.expr(), self.expr()),
            10 => format!("row_number() OVER (ORDER BY {})", self.column()),
            11 => {
                self.pick(&["1", "'x'", "NULL", "?1", "-1", "TRUE", "'; DROP TABLE t --'", "\"x\"", "''''"]).to_owned()
            }
            _ => self.column().to_owned(),
        };
        self.depth -= 1;
        text
    }
}
