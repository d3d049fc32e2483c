// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions: the short list of those that mean the same everywhere.

use super::fault::{Checked, Fault, quoted};
use super::rewriter::{Allowed, Rewriter, checked_name, single};
use crate::Dialect;
use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
    FunctionArguments, OrderByExpr, WindowType,
};

/// What a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One value from the values of one row.
    Scalar,
    /// One value from many rows; over a window too.
    Aggregate,
    /// One value for each row, from its window.
    Window,
}

/// Name, kind, least and most arguments. `substr`, `substring`, `trim` and `position` have a syntax of their own.
const FUNCTIONS: &[(&str, Kind, usize, usize)] = &[
    ("abs", Kind::Scalar, 1, 1),
    ("coalesce", Kind::Scalar, 2, 20),
    ("length", Kind::Scalar, 1, 1),
    ("lower", Kind::Scalar, 1, 1),
    ("ltrim", Kind::Scalar, 1, 2),
    ("nullif", Kind::Scalar, 2, 2),
    ("replace", Kind::Scalar, 3, 3),
    ("rtrim", Kind::Scalar, 1, 2),
    ("upper", Kind::Scalar, 1, 1),
    ("avg", Kind::Aggregate, 1, 1),
    ("count", Kind::Aggregate, 1, 1),
    ("max", Kind::Aggregate, 1, 1),
    ("min", Kind::Aggregate, 1, 1),
    ("string_agg", Kind::Aggregate, 2, 2),
    ("sum", Kind::Aggregate, 1, 1),
    ("dense_rank", Kind::Window, 0, 0),
    ("first_value", Kind::Window, 1, 1),
    ("lag", Kind::Window, 1, 3),
    ("last_value", Kind::Window, 1, 1),
    ("lead", Kind::Window, 1, 3),
    ("ntile", Kind::Window, 1, 1),
    ("rank", Kind::Window, 0, 0),
    ("row_number", Kind::Window, 0, 0),
];

/// Functions whose result has 32 bits on PostgreSQL: with it, sums and products would overflow that fit on SQLite.
const RETURNS_32_BITS: &[&str] = &["length", "ntile"];

/// The back end's own aggregate: an integer of 64 bits for integers, where PostgreSQL's own is a decimal number without bounds.
const POSTGRES_SUM: &str = "cortex_sql.sum";

/// What to write instead of a function that many will try.
const INSTEAD: &[(&[&str], &str)] = &[
    (
        &["now", "date", "time", "datetime", "julianday", "strftime", "unixepoch", "current_timestamp", "current_date"],
        "pass the time of `cortex:context` as a parameter",
    ),
    (&["random", "randomblob", "gen_random_uuid"], "pass a UUID of `cortex:context` as a parameter"),
    (&["ifnull"], "write coalesce"),
    (&["iif", "if", "greatest", "least"], "write CASE"),
    (&["total"], "write coalesce(sum(x), 0)"),
    (&["group_concat"], "write string_agg(text, separator ORDER BY ...)"),
    (&["instr", "strpos"], "write position(part IN text)"),
    (&["char_length", "character_length", "len"], "write length"),
    (&["concat", "printf", "format"], "write a || b"),
    (&["mod"], "write a % b"),
    (&["round", "ceil", "floor", "trunc"], "the engines round differently: round in the component"),
    (&["last_insert_rowid", "changes"], "write RETURNING"),
];

/// The kind of the function of this name, where the subset has it.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    FUNCTIONS.iter().find(|(known, ..)| *known == name).map(|(_, kind, ..)| *kind)
}

impl Rewriter<'_> {
    pub(super) fn function(&mut self, function: &Function) -> Checked {
        let Function { name, uses_odbc_syntax, parameters, args, within_group, filter, null_treatment, over } =
            function;
        let ident = single(name)?;
        let name = checked_name(ident)?;
        let Some((_, kind, least, most)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            return Err(unknown(&name).at_name(ident));
        };
        let plain = !uses_odbc_syntax
            && *parameters == FunctionArguments::None
            && within_group.is_empty()
            && null_treatment.is_none();
        let FunctionArguments::List(arguments) = args else {
            return Err(Fault::refused(format!("write `{name}(...)`")).at_name(ident));
        };
        if !plain {
            return Err(Fault::refused(format!("`{name}` takes arguments, FILTER and OVER only")).at_name(ident));
        }
        let count = arguments.args.len();
        if count < *least || count > *most {
            let expected = match (least, most) {
                (0, 0) => "no argument".to_owned(),
                (1, 1) => "1 argument".to_owned(),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} to {most} arguments"),
            };
            let fault = format!("`{name}` takes {expected}, not {count}{}", two_argument_hint(&name));
            return Err(Fault::refused(fault).at_name(ident));
        }
        self.permitted(&name, *kind, over.is_some()).map_err(|fault| fault.at_name(ident))?;
        if *kind == Kind::Scalar && filter.is_some() {
            return Err(Fault::refused(format!("`{name}` is no aggregate: it has no FILTER")).at_name(ident));
        }
        let small = self.dialect == Dialect::Postgres && RETURNS_32_BITS.contains(&name.as_str());
        self.push(if small { "CAST(" } else { "" });
        self.call(&name, *kind, arguments, over.is_some()).map_err(|fault| fault.at_name(ident))?;
        if let Some(condition) = filter.as_deref() {
            self.filter(*kind, condition)?;
        }
        match over {
            None => {}
            Some(WindowType::WindowSpec(window)) => self.window(window)?,
            Some(WindowType::NamedWindow(window)) => {
                return Err(Fault::refused("write the window itself behind OVER").at_name(window));
            }
        }
        self.push(if small { " AS bigint)" } else { "" });
        Ok(())
    }

    /// Whether a function of that kind may stand here.
    fn permitted(&self, name: &str, kind: Kind, over: bool) -> Checked {
        let fault = match (kind, over) {
            (Kind::Scalar, false) => return Ok(()),
            (Kind::Scalar, true) => format!("`{name}` is no window function"),
            (Kind::Window, false) => format!("`{name}` needs OVER (...)"),
            (Kind::Aggregate, false) if self.allowed.aggregates => return Ok(()),
            (Kind::Aggregate, false) => format!("the aggregate `{name}` cannot stand here"),
            (Kind::Window | Kind::Aggregate, true) if self.allowed.windows => return Ok(()),
            (Kind::Window | Kind::Aggregate, true) => format!("the window function `{name}` cannot stand here"),
        };
        Err(Fault::refused(fault))
    }

    /// Appends the name and the arguments.
    fn call(&mut self, name: &str, kind: Kind, arguments: &FunctionArgumentList, over: bool) -> Checked {
        let FunctionArgumentList { duplicate_treatment, args, clauses } = arguments;
        let distinct = *duplicate_treatment == Some(DuplicateTreatment::Distinct);
        if distinct && (kind != Kind::Aggregate || over || args.len() != 1) {
            return Err(Fault::refused(format!("DISTINCT cannot stand in this use of `{name}`")));
        }
        self.push(match (self.dialect, name) {
            (Dialect::Postgres, "sum") => POSTGRES_SUM,
            _ => name,
        });
        self.push("(");
        if distinct {
            self.push("DISTINCT ");
        }
        // An aggregate over aggregates makes no sense outside a window, and a window inside either never does.
        let inner = Allowed { aggregates: self.allowed.aggregates && over, windows: false, ..self.allowed };
        let inner = if kind == Kind::Scalar { self.allowed } else { inner };
        let mut place = 0_usize;
        self.allowing(inner, |this| {
            this.list(args, |this, argument| {
                place = place.saturating_add(1);
                this.argument(name, place, argument)
            })
        })?;
        self.aggregate_order(name, clauses, inner)?;
        self.push(")");
        Ok(())
    }

    /// Appends an argument at its place, from 1.
    fn argument(&mut self, name: &str, place: usize, argument: &FunctionArg) -> Checked {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if name == "count" => {
                self.push("*");
                Ok(())
            }
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => match (self.dialect, name, place) {
                (Dialect::Postgres, "lower" | "upper", _) => {
                    self.operand(expr)?;
                    self.push(" COLLATE \"C\"");
                    Ok(())
                }
                (Dialect::Postgres, "avg", _) => self.cast_argument(expr, "double precision"),
                // How many rows, or groups.
                (Dialect::Postgres, "lag" | "lead", 2) | (Dialect::Postgres, "ntile", _) => {
                    self.cast_argument(expr, "integer")
                }
                _ => self.expr(expr),
            },
            other => Err(Fault::refused(format!("`{}` is no argument of `{name}`", quoted(other)))),
        }
    }

    fn cast_argument(&mut self, expr: &Expr, kind: &str) -> Checked {
        self.push("CAST(");
        self.expr(expr)?;
        self.push(&format!(" AS {kind})"));
        Ok(())
    }

    /// Appends the ORDER BY inside `string_agg`. It must be there: without it the engines join texts in any order.
    fn aggregate_order(&mut self, name: &str, clauses: &[FunctionArgumentClause], inner: Allowed) -> Checked {
        match (name, clauses) {
            ("string_agg", [FunctionArgumentClause::OrderBy(order)]) => self.allowing(inner, |this| this.sort(order)),
            ("string_agg", _) => Err(Fault::refused("write string_agg(text, separator ORDER BY ...)")),
            (_, []) => Ok(()),
            _ => Err(Fault::refused(format!("`{name}` takes arguments only"))),
        }
    }

    /// Appends ` ORDER BY ...`.
    pub(super) fn sort(&mut self, order: &[OrderByExpr]) -> Checked {
        self.push(" ORDER BY ");
        self.list(order, Self::order_term)
    }

    fn filter(&mut self, kind: Kind, condition: &Expr) -> Checked {
        if kind != Kind::Aggregate {
            return Err(Fault::refused("FILTER belongs to aggregates").at(condition));
        }
        self.push(" FILTER (WHERE ");
        self.allowing(Allowed { aggregates: false, windows: false, ..self.allowed }, |this| this.expr(condition))?;
        self.push(")");
        Ok(())
    }
}

fn two_argument_hint(name: &str) -> &'static str {
    if matches!(name, "min" | "max") { ": of several values, write CASE" } else { "" }
}

fn unknown(name: &str) -> Fault {
    let instead = INSTEAD.iter().find(|(names, _)| names.contains(&name));
    Fault::refused(match instead {
        Some((_, instead)) => format!("the function `{}` is not in the subset: {instead}", quoted(name)),
        None => format!("the function `{}` is not in the subset", quoted(name)),
    })
}
