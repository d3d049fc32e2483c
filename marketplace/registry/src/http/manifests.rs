// SPDX-License-Identifier: MIT OR Apache-2.0
//! Manifests: by tag or digest, in and out.

use super::{Answer, Asked, CONTENT_DIGEST, body, created, empty, set};
use crate::access::Right;
use crate::error::{Code, Refusal};
use crate::name::Reference;
use crate::settings::Deletion;
use axum::body::Body;
use axum::http::{HeaderName, Method, Response, StatusCode, header};

/// Says that what a manifest is attached to was understood, so that the client need not keep a list itself.
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");

impl Asked<'_> {
    pub(super) async fn manifest(&self, name: &str, reference: &str, body: Body) -> Answer {
        match self.parts.method {
            Method::GET | Method::HEAD => self.read_manifest(name, reference).await,
            Method::PUT => self.put_manifest(name, reference, body).await,
            Method::DELETE => {
                let repository = self.repository(name, Right::Delete)?;
                let reference = Reference::parse(reference)?;
                self.check_deletion(Deletion::Tags)?;
                self.blocking(move |store| store.delete_manifest(&repository, &reference)).await?;
                Ok(empty(StatusCode::ACCEPTED))
            }
            _ => Err(self.unsupported()),
        }
    }

    async fn read_manifest(&self, name: &str, reference: &str) -> Answer {
        let repository = self.repository(name, Right::Pull)?;
        let reference = Reference::parse(reference)?;
        let (meta, bytes) = self
            .blocking(move |store| {
                let meta = store.manifest(&repository, &reference)?;
                let bytes = store.manifest_bytes(&meta)?;
                Ok((meta, bytes))
            })
            .await?;
        let mut response = Response::new(Body::from(bytes));
        set(&mut response, header::CONTENT_LENGTH, &meta.size.to_string());
        set(&mut response, header::CONTENT_TYPE, &meta.media_type);
        set(&mut response, header::ETAG, &format!("\"{}\"", meta.digest));
        set(&mut response, CONTENT_DIGEST, &meta.digest.to_string());
        Ok(response)
    }

    async fn put_manifest(&self, name: &str, reference: &str, body: Body) -> Answer {
        let repository = self.repository(name, Right::Push)?;
        let reference = Reference::parse(reference)?;
        let media_type = self.header(header::CONTENT_TYPE).map(str::to_owned);
        let missing = || Refusal::new(Code::ManifestInvalid, "the request needs a `Content-Type`, the manifest's");
        let media_type = media_type.ok_or_else(missing)?;
        let settings = self.store.settings();
        let bytes = body::whole(body, settings.manifest_bytes_max, settings.idle_ms_max).await?;
        let to = repository.clone();
        let put = self.blocking(move |store| store.put_manifest(&to, &reference, &media_type, &bytes)).await?;
        let (digest, subject) = put;
        let mut response = created(&format!("/v2/{repository}/manifests/{digest}"), digest);
        if let Some(subject) = subject {
            set(&mut response, SUBJECT, &subject.to_string());
        }
        Ok(response)
    }
}
