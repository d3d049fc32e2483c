// SPDX-License-Identifier: MIT OR Apache-2.0
//! Requests that are wrong beside their bodies, and bytes that are no request.

use conformance::books::path;
use conformance::wire::Request;

/// Name, request, status, code.
type Case = (&'static str, Request, u16, &'static str);

pub(crate) fn cases(token: &str, other: &str) -> Vec<Case> {
    let mut cases = credentials(token, other);
    cases.extend(routes(token));
    cases.extend(heads(token));
    cases
}

fn credentials(token: &str, other: &str) -> Vec<Case> {
    let list = || Request::new("GET", &path("accounts"));
    let with = |value: &str| list().header("Authorization", value);
    let cut = &token[..token.len() - 1];
    vec![
        ("no token", list(), 401, "unauthenticated"),
        ("an empty header", with(""), 401, "unauthenticated"),
        ("no token after the word", with("Bearer"), 401, "unauthenticated"),
        ("another scheme", with(&format!("Basic {token}")), 401, "unauthenticated"),
        ("a token without its last letter", with(&format!("Bearer {cut}")), 401, "unauthenticated"),
        ("a token with a letter more", with(&format!("Bearer {token}0")), 401, "unauthenticated"),
        ("a token in capitals", with(&format!("Bearer {}", token.to_uppercase())), 401, "unauthenticated"),
        ("two tokens in one header", with(&format!("Bearer {token}, Bearer {other}")), 401, "unauthenticated"),
        (
            "a token in the query",
            Request::new("GET", &format!("{}?access_token={token}", path("accounts"))),
            401,
            "unauthenticated",
        ),
        ("two headers", with(&format!("Bearer {token}")).token(other), 400, "malformed-header"),
        ("the same header twice", list().token(token).token(token), 400, "malformed-header"),
        ("an unknown route without a token", Request::new("GET", "/api/nothing"), 401, "unauthenticated"),
    ]
}

fn routes(token: &str) -> Vec<Case> {
    let get = |target: &str| Request::new("GET", target).token(token);
    let post = |target: &str| Request::new("POST", target).token(token).json("{}");
    vec![
        ("an unknown component", post("/api/account/v1/journal/post"), 404, "unknown-route"),
        ("another version", post("/api/accounting/v2/journal/post"), 404, "unknown-route"),
        ("an unknown interface", post(&path("ledger/post")), 404, "unknown-route"),
        ("an unknown operation", post(&path("journal/pots")), 404, "unknown-route"),
        ("an operation in snake case", post(&path("journal/post_many")), 404, "unknown-route"),
        ("a slash at the end", post(&path("journal/post/")), 404, "unknown-route"),
        ("two slashes", post("/api//accounting/v1/journal/post"), 404, "unknown-route"),
        ("dots", post("/api/accounting/v1/../v1/journal/post"), 404, "unknown-route"),
        ("an encoded slash", post("/api/accounting%2Fv1/journal/post"), 404, "unknown-route"),
        ("many segments", get(&format!("/api{}", "/a".repeat(1_000))), 404, "unknown-route"),
        ("broken percent-encoding", get("/api/accounting/v1/accounts/%zz"), 400, "malformed-path"),
        ("encoded bytes that are no UTF-8", get("/api/accounting/v1/accounts/%ff"), 400, "malformed-path"),
        ("another method", get(&path("journal/post")), 405, "method-not-allowed"),
        ("a method that nobody has", Request::new("BREW", &path("accounts")).token(token), 405, "method-not-allowed"),
        ("an account that does not exist", get(&path("accounts/%00")), 404, "unknown-account"),
        ("an unknown parameter", get(&format!("{}?colour=red", path("accounts"))), 400, "invalid-input"),
        ("a parameter twice", get(&format!("{}?limit=1&limit=2", path("accounts"))), 400, "invalid-input"),
        ("a parameter that is no number", get(&format!("{}?limit=many", path("accounts"))), 400, "invalid-input"),
        ("a negative parameter", get(&format!("{}?limit=-1", path("accounts"))), 400, "invalid-input"),
        ("a parameter with broken encoding", get(&format!("{}?limit=%f", path("accounts"))), 400, "malformed-query"),
        ("too many parameters", get(&format!("{}?{}", path("accounts"), "a=1&".repeat(200))), 400, "malformed-query"),
        ("a page of nothing", get(&format!("{}?limit=0", path("accounts"))), 422, "limit-out-of-range"),
        (
            "a cursor of the caller's own making",
            get(&format!("{}?cursor=x", path("journal/entries"))),
            422,
            "invalid-cursor",
        ),
        ("the progress of nothing", get("/api/_requests/nothing/progress"), 404, "unknown-request"),
    ]
}

fn heads(token: &str) -> Vec<Case> {
    let target = path("journal/post");
    let post = || Request::new("POST", &target).token(token);
    let long = " ".repeat((1 << 20) + 1);
    let text = "\"x\",".repeat(300_000);
    vec![
        ("no media type", post().body("{}"), 415, "unsupported-media-type"),
        (
            "a form",
            post().header("Content-Type", "application/x-www-form-urlencoded").body("a=1"),
            415,
            "unsupported-media-type",
        ),
        ("text", post().header("Content-Type", "text/plain").body("{}"), 415, "unsupported-media-type"),
        (
            "another character set",
            post().header("Content-Type", "application/json; charset=latin1").body("{}"),
            415,
            "unsupported-media-type",
        ),
        ("a compressed body", post().header("Content-Encoding", "gzip").json("{}"), 415, "unsupported-media-type"),
        ("a body beyond the limit", post().json(long), 413, "body-too-large"),
        ("values beyond the limit", post().json(format!("[{text}1]")), 413, "body-too-large"),
        (
            "a length beyond all",
            post().header("Content-Type", "application/json").header("Content-Length", "99999999999").without_length(),
            413,
            "body-too-large",
        ),
        (
            "a body that breaks off",
            post().header("Content-Length", "100").without_length().breaking_off().json("{"),
            400,
            "malformed-body",
        ),
        (
            "chunks that are none",
            post().header("Transfer-Encoding", "chunked").without_length().json("xyz"),
            400,
            "malformed-body",
        ),
        (
            "a body where none is taken",
            Request::new("GET", &path("accounts")).token(token).json("{}"),
            400,
            "malformed-body",
        ),
        ("no time at all", post().header("X-Request-Timeout-Ms", "0").json("{}"), 400, "malformed-header"),
        ("time in words", post().header("X-Request-Timeout-Ms", "soon").json("{}"), 400, "malformed-header"),
    ]
}

/// What is no request, or one that two readers would understand in two ways.
pub(crate) fn no_http(token: &str) -> Vec<(&'static str, Vec<u8>)> {
    let head = |rest: &str| {
        format!("POST /api/accounting/v1/journal/post HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{rest}").into_bytes()
    };
    vec![
        ("nothing", vec![]),
        ("an empty line", b"\r\n\r\n".to_vec()),
        ("words", b"hello\r\n\r\n".to_vec()),
        ("half a line", b"GET /".to_vec()),
        ("binary", (0..=255).collect()),
        ("the beginning of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("a version that does not exist", b"GET / HTTP/9.9\r\n\r\n".to_vec()),
        ("a header without a colon", head("Nonsense\r\n\r\n")),
        ("a header with a zero byte", head("X-A: a\0b\r\n\r\n")),
        ("a folded header", head("X-A: a\r\n b\r\nContent-Length: x\r\n\r\n")),
        ("a negative length", head("Content-Length: -1\r\n\r\n")),
        ("a length in words", head("Content-Length: two\r\n\r\n{}")),
        ("two lengths", head("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ")),
        ("two encodings", head("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")),
        ("a head without end", vec![b'A'; 200_000]),
        ("a header without end", head(&format!("X-A: {}\r\n\r\n", "a".repeat(200_000)))),
        ("many headers", head(&"X-A: a\r\n".repeat(500))),
        ("a long path", format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000)).into_bytes()),
    ]
}
