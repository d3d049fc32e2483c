// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pages for people: a landing page and the documentation page. Each is one text that loads nothing else, so that it
//! works without internet, and its content security policy names its own style and script by their digests.

use crate::host_routes::Html;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use kernel_types::Digest;

const DOCS: &str = include_str!("../assets/docs.html");
const DOCS_STYLE: &str = include_str!("../assets/docs.css");
const DOCS_SCRIPT: &str = include_str!("../assets/docs.js");
const LANDING: &str = include_str!("../assets/landing.html");
const LANDING_STYLE: &str = include_str!("../assets/landing.css");

/// The pages, put together once.
pub(crate) struct Pages {
    pub(crate) landing: Html,
    pub(crate) docs: Html,
}

impl Pages {
    pub(crate) fn new() -> Self {
        let landing = page(LANDING, LANDING_STYLE, None);
        Self { landing, docs: page(DOCS, DOCS_STYLE, Some(DOCS_SCRIPT)) }
    }
}

fn page(html: &str, style: &str, script: Option<&str>) -> Html {
    let text = html.replace("/*STYLE*/", style).replace("/*SCRIPT*/", script.unwrap_or_default());
    let policy = HeaderValue::from_str(&policy(style, script));
    Html::new(text.into(), policy.unwrap_or(HeaderValue::from_static("default-src 'none'")))
}

/// Content Security Policy, level 3. With trusted types the script cannot turn text into markup, even by mistake.
fn policy(style: &str, script: Option<&str>) -> String {
    let style = source(style);
    let script = script.map_or_else(String::new, |script| {
        format!(
            "script-src {}; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'; ",
            source(script)
        )
    });
    format!(
        "default-src 'none'; {script}style-src {style}; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

fn source(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Digest::of(text.as_bytes()).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_load_nothing_from_elsewhere_and_hold_all_that_they_name() {
        for (text, style, script) in [(DOCS, DOCS_STYLE, Some(DOCS_SCRIPT)), (LANDING, LANDING_STYLE, None)] {
            let whole = format!("{text}{style}{}", script.unwrap_or_default());
            for outside in ["http://", "https://", "src=\"", "@import", "url(", "innerHTML", "document.write", "eval("]
            {
                assert!(!whole.contains(outside), "{outside}");
            }
            assert_eq!(text.matches("/*STYLE*/").count(), 1);
            assert_eq!(text.matches("/*SCRIPT*/").count(), usize::from(script.is_some()));
            assert!(!text.contains("style=\""), "the policy refuses style attributes");
            assert!(!script.unwrap_or_default().contains("</script"), "the script would end early");
        }
    }

    #[test]
    fn the_policy_names_the_digest_of_what_is_in_the_page() {
        let policy = policy("a", Some("abc"));
        assert!(policy.contains("script-src 'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='"), "{policy}");
        assert!(policy.starts_with("default-src 'none'; "));
    }
}
