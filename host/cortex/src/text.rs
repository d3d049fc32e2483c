// SPDX-License-Identifier: MIT OR Apache-2.0
//! Errors as one line for people and for the log.

/// An error and its causes, joined by colons. A cause that the error before it says already is not said again.
#[must_use]
pub fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("`x` cannot be read: {source}")]
    struct Says {
        source: std::io::Error,
    }

    #[test]
    fn each_cause_is_said_once() {
        let io = || std::io::Error::other("the disk is gone");
        let cases = [
            (anyhow::Error::new(Says { source: io() }), "`x` cannot be read: the disk is gone"),
            (anyhow::Error::new(io()).context("no `y`").context("no host"), "no host: no `y`: the disk is gone"),
            (anyhow::anyhow!("alone"), "alone"),
        ];
        for (error, expected) in cases {
            assert_eq!(chain(&error), expected);
        }
    }
}
