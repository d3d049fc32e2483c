// SPDX-License-Identifier: MIT OR Apache-2.0
//! A tenant's routes: which (method, path) means which operation. Built once for each change of what is enabled, then only
//! read.
//!
//! A path without placeholders is found by one look-up of the whole text; others walk a tree of segments, where a literal
//! segment comes before a placeholder. Nothing of HTTP's bodies or of permissions is known here.

use crate::uri::{self, UriFault};
use hyper::Method;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Segments of a path. Manifests have under ten; a longer path is no route.
const SEGMENTS_MAX: usize = 32;

/// Which operation a route leads to, as indices into the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) component: usize,
    pub(crate) operation: usize,
}

/// A method of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(crate) place: Place,
    /// The names of the placeholders, in order; they may differ between the methods of one route.
    pub(crate) placeholders: Vec<Box<str>>,
    /// Whether it is the derived route, whose body holds all parameters, and not one of the manifest.
    pub(crate) canonical: bool,
}

/// A path with its methods.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// As it was declared first, `/api/accounting/v1/entries/{id}`.
    pub(crate) pattern: Arc<str>,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// A route that fits a path, and the text in the place of each placeholder.
#[derive(Debug)]
pub(crate) struct Match<'t, 'p> {
    pub(crate) route: &'t Route,
    pub(crate) values: Vec<Cow<'p, str>>,
}

/// A route that could not be added. The one that was there before stays in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteFault {
    /// The method and path are taken.
    #[error("`{method} {pattern}` is already the route of another operation; give one of the two another path")]
    Taken {
        /// The method.
        method: Method,
        /// The path.
        pattern: String,
    },
    /// Its parameters cannot be taken from where it says.
    #[error("`{pattern}` cannot be served: {source}")]
    Binding {
        /// The path.
        pattern: String,
        /// Why.
        source: kernel_contract::binding::Error,
    },
    /// The path is no path.
    #[error("`{pattern}` is no route: begin with `/`, leave no segment empty, at most {SEGMENTS_MAX} of them")]
    Shape {
        /// The path.
        pattern: String,
    },
}

/// The routes of a tenant.
#[derive(Debug, Default)]
pub(crate) struct Table {
    routes: Vec<Route>,
    whole: HashMap<Box<str>, usize>,
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    literal: HashMap<Box<str>, Node>,
    placeholder: Option<Box<Node>>,
    route: Option<usize>,
}

/// The name of a placeholder, `{name}`.
pub(crate) fn placeholder(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}').filter(|name| !name.is_empty())
}

/// Parameters have `snake_case` names in requests, whatever the template writes.
fn json_name(name: &str) -> Box<str> {
    name.replace('-', "_").into()
}

impl Table {
    /// Adds a route.
    ///
    /// # Errors
    /// Where another operation has it, or the pattern is none; the table is then as before.
    pub(crate) fn add(
        &mut self,
        method: Method,
        pattern: &str,
        place: Place,
        canonical: bool,
    ) -> Result<(), RouteFault> {
        let segments: Vec<&str> = pattern.strip_prefix('/').unwrap_or_default().split('/').collect();
        if segments.iter().any(|segment| segment.is_empty()) || segments.len() > SEGMENTS_MAX {
            return Err(RouteFault::Shape { pattern: pattern.to_owned() });
        }
        let placeholders: Vec<Box<str>> = segments.iter().filter_map(|s| placeholder(s)).map(json_name).collect();
        let node = segments.iter().fold(&mut self.root, |node, segment| match placeholder(segment) {
            Some(_) => node.placeholder.get_or_insert_default(),
            None => node.literal.entry((*segment).into()).or_default(),
        });
        let index = *node.route.get_or_insert(self.routes.len());
        if index == self.routes.len() {
            self.routes.push(Route { pattern: pattern.into(), endpoints: Vec::new() });
            if placeholders.is_empty() {
                self.whole.insert(pattern.into(), index);
            }
        }
        let Some(route) = self.routes.get_mut(index) else { return Ok(()) };
        if route.endpoints.iter().any(|endpoint| endpoint.method == method) {
            return Err(RouteFault::Taken { method, pattern: pattern.to_owned() });
        }
        route.endpoints.push(Endpoint { method, place, placeholders, canonical });
        Ok(())
    }

    /// The route that fits the path.
    ///
    /// # Errors
    /// Where the path's percent-encoding is broken.
    pub(crate) fn find<'p>(&self, path: &'p str) -> Result<Option<Match<'_, 'p>>, UriFault> {
        if let Some(route) = self.whole.get(path).and_then(|index| self.routes.get(*index)) {
            return Ok(Some(Match { route, values: Vec::new() }));
        }
        let Some(rest) = path.strip_prefix('/') else { return Ok(None) };
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            if segments.len() == SEGMENTS_MAX {
                return Ok(None);
            }
            segments.push(uri::segment(segment)?);
        }
        let mut values = Vec::new();
        let index = self.root.find(&segments, &mut values);
        Ok(index.and_then(|index| self.routes.get(index)).map(|route| Match { route, values }))
    }

    /// Every route.
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }
}

impl Node {
    /// Walks down, literals first, and takes back what was tried in vain. It visits no node twice: each has one depth.
    fn find<'p>(&self, segments: &[Cow<'p, str>], values: &mut Vec<Cow<'p, str>>) -> Option<usize> {
        let Some((first, rest)) = segments.split_first() else { return self.route };
        if let Some(found) = self.literal.get(first.as_ref()).and_then(|node| node.find(rest, values)) {
            return Some(found);
        }
        let node = self.placeholder.as_deref().filter(|_| !first.is_empty())?;
        values.push(first.clone());
        let found = node.find(rest, values);
        if found.is_none() {
            values.pop();
        }
        found
    }
}

impl Route {
    /// The endpoint of a method. `HEAD` is served by `GET`.
    pub(crate) fn endpoint(&self, method: &Method) -> Option<&Endpoint> {
        let wanted = if *method == Method::HEAD { &Method::GET } else { method };
        self.endpoints.iter().find(|endpoint| endpoint.method == *wanted)
    }

    /// The value of the header `Allow`.
    pub(crate) fn allow(&self) -> String {
        let mut methods: Vec<&str> = self.endpoints.iter().map(|endpoint| endpoint.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.sort_unstable();
        methods.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table() -> Table {
        let mut table = Table::default();
        let routes = [
            (Method::POST, "/api/a/v1/journal/post"),
            (Method::GET, "/api/a/v1/entries"),
            (Method::POST, "/api/a/v1/entries"),
            (Method::GET, "/api/a/v1/entries/{id}"),
            (Method::DELETE, "/api/a/v1/entries/{entry}"),
            (Method::GET, "/api/a/v1/entries/new"),
            (Method::GET, "/api/a/v1/{kind}/new/lines"),
            (Method::GET, "/api/a/v1/entries/{id}/lines/{line}"),
        ];
        for (operation, (method, pattern)) in routes.into_iter().enumerate() {
            table.add(method, pattern, Place { component: 0, operation }, false).unwrap();
        }
        table
    }

    fn check(method: Method, path: &str, expected: &str) {
        let table = table();
        let found = match table.find(path) {
            Err(fault) => fault.to_string().split('`').nth(2).unwrap_or_default().trim().to_owned(),
            Ok(None) => "none".to_owned(),
            Ok(Some(found)) => match found.route.endpoint(&method) {
                None => format!("allow {}", found.route.allow()),
                Some(endpoint) => {
                    let names = endpoint.placeholders.iter();
                    let pairs = names.zip(&found.values).map(|(name, value)| format!(" {name}={value}"));
                    format!("{}{}", endpoint.place.operation, pairs.collect::<String>())
                }
            },
        };
        assert_eq!(found, expected, "{method} {path}");
    }

    #[test]
    fn paths_lead_where_they_should() {
        check(Method::POST, "/api/a/v1/journal/post", "0");
        check(Method::GET, "/api/a/v1/journal/post", "allow OPTIONS, POST");
        check(Method::GET, "/api/a/v1/entries", "1");
        check(Method::HEAD, "/api/a/v1/entries", "1");
        check(Method::POST, "/api/a/v1/entries", "2");
        check(Method::PUT, "/api/a/v1/entries", "allow GET, HEAD, OPTIONS, POST");
        check(Method::GET, "/api/a/v1/entries/7", "3 id=7");
        check(Method::DELETE, "/api/a/v1/entries/7", "4 entry=7");
        check(Method::GET, "/api/a/v1/entries/new", "5");
        check(Method::GET, "/api/a/v1/entries/new/lines", "6 kind=entries");
        check(Method::GET, "/api/a/v1/entries/new/lines/2", "7 id=new line=2");
        check(Method::GET, "/api/a/v1/entries/a%2Fb", "3 id=a/b");
        check(Method::GET, "/api/a/v1/entries/%2E%2E", "3 id=..");
        check(Method::POST, "/api/%61/v1/journal/post", "0");
        check(Method::POST, "/api/a%2Fv1/journal/post", "none");
        check(Method::POST, "/api/a/v1/../v1/journal/post", "none");
        check(Method::GET, "/api/a/v1/entries/", "none");
        check(Method::GET, "/api/a/v1//entries", "none");
        check(Method::GET, "/api/a/v1/entries/{id}", "3 id={id}");
        check(Method::GET, "", "none");
        check(Method::GET, "*", "none");
        check(Method::GET, &"/a".repeat(SEGMENTS_MAX + 1), "none");
        check(Method::GET, "/api/a/v1/entries/%zz", "holds a");
        check(Method::GET, "/api/a/v1/entries/%ff", "is not UTF-8 once its");
    }

    #[test]
    fn a_taken_or_misshapen_route_is_refused_and_the_first_stays() {
        let (mut table, place) = (table(), Place { component: 1, operation: 9 });
        let taken = table.add(Method::GET, "/api/a/v1/entries/{other}", place, false);
        assert!(matches!(taken, Err(RouteFault::Taken { .. })), "{taken:?}");
        for shape in ["", "a", "/", "/a//b", "/a/"] {
            let refused = table.add(Method::GET, shape, place, false);
            assert!(matches!(refused, Err(RouteFault::Shape { .. })), "{shape} {refused:?}");
        }
        let found = table.find("/api/a/v1/entries/1").unwrap().unwrap();
        assert_eq!(found.route.endpoint(&Method::GET).unwrap().place, Place { component: 0, operation: 3 });
    }

    proptest! {
        #[test]
        fn no_path_makes_it_panic(path in "/?([a{}v1/%]|entries|api|new|lines|%2F)*") {
            let _ = table().find(&path);
        }

        #[test]
        fn a_value_comes_back_as_it_was_encoded(value in any::<String>().prop_filter("empty", |v| !v.is_empty())) {
            let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let path = format!("/api/a/v1/entries/{encoded}/lines/1");
            let table = table();
            let found = table.find(&path).unwrap().unwrap();
            prop_assert_eq!(found.values.first().map(AsRef::as_ref), Some(value.as_str()));
        }
    }
}
