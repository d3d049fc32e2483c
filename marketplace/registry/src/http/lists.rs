// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lists: the tags of a repository, and what is attached to a manifest.

use super::{Answer, Asked, set};
use crate::access::Right;
use crate::error::{Code, Refusal};
use crate::manifest::IMAGE_INDEX;
use crate::name;
use axum::body::Body;
use axum::http::{HeaderName, Method, Response, header};
use serde_json::json;

/// Tags in one answer, where the client does not ask for fewer.
const TAGS_MAX: usize = 1_000;
/// Says that a list was filtered.
const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");

impl Asked<'_> {
    pub(super) async fn tags(&self, name: &str) -> Answer {
        if self.parts.method != Method::GET {
            return Err(self.unsupported());
        }
        let repository = self.repository(name, Right::Pull)?;
        let wrong = |_| Refusal::new(Code::Unsupported, "`n` is no number of tags");
        let max = self.query("n").map(|n| n.parse::<usize>()).transpose().map_err(wrong)?;
        let max = max.unwrap_or(TAGS_MAX).min(TAGS_MAX);
        let after = self.query("last");
        let asked = repository.clone();
        let page = self.blocking(move |store| store.tags(&asked, after.as_deref(), max)).await?;
        let mut response = answer("application/json", &json!({ "name": repository.as_str(), "tags": page.tags }));
        if let Some(last) = page.tags.last().filter(|_| page.more) {
            let next = format!("</v2/{repository}/tags/list?n={max}&last={last}>; rel=\"next\"");
            set(&mut response, header::LINK, &next);
        }
        Ok(response)
    }

    pub(super) async fn referrers(&self, name: &str, digest: &str) -> Answer {
        if self.parts.method != Method::GET {
            return Err(self.unsupported());
        }
        let repository = self.repository(name, Right::Pull)?;
        let subject = name::digest(digest)?;
        let mut metas = self.blocking(move |store| store.referrers(&repository, subject)).await?;
        let filter = self.query("artifactType");
        if let Some(filter) = &filter {
            metas.retain(|meta| meta.artifact_type.as_ref() == Some(filter));
        }
        let index = json!({ "schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": metas });
        let mut response = answer(IMAGE_INDEX, &index);
        if filter.is_some() {
            set(&mut response, FILTERS, "artifactType");
        }
        Ok(response)
    }
}

fn answer(media_type: &str, value: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    set(&mut response, header::CONTENT_TYPE, media_type);
    response
}
