// SPDX-License-Identifier: MIT OR Apache-2.0
//! Blobs on their way in: in one request, in pieces, taken up again, or from another repository.

use super::{Answer, Asked, body, created, empty, set};
use crate::access::Right;
use crate::error::{Code, Refusal};
use crate::name::{self, Repository};
use crate::store::{Upload, Writer};
use axum::body::Body;
use axum::http::{HeaderName, Method, Response, StatusCode, header};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

/// Bytes that are written to disk at a time.
const PIECE_BYTES: usize = 1 << 20;
/// The id of an upload, for clients that like to know.
const UPLOAD_ID: HeaderName = HeaderName::from_static("docker-upload-uuid");

impl Asked<'_> {
    /// `POST .../blobs/uploads/`.
    pub(super) async fn begin(&self, name: &str, body: Body) -> Answer {
        if self.parts.method != Method::POST {
            return Err(self.unsupported());
        }
        let repository = self.repository(name, Right::Push)?;
        if let Some(digest) = self.query("mount")
            && let Some(response) = self.mount(&repository, &digest).await?
        {
            return Ok(response);
        }
        let digest = self.query("digest").as_deref().map(name::digest).transpose()?;
        let upload = {
            let repository = repository.clone();
            self.blocking(move |store| store.begin_upload(&repository)).await?
        };
        let mut writer = self.writer(&upload).await?;
        let Some(digest) = digest else { return Ok(accepted(&repository, &upload, 0)) };
        writer = self.receive(writer, body).await?;
        self.finish(&repository, upload, writer, digest).await
    }

    async fn mount(&self, repository: &Repository, digest: &str) -> Result<Option<Response<Body>>, Refusal> {
        let digest = name::digest(digest)?;
        let Some(from) = self.query("from") else { return Ok(None) };
        let from = Repository::parse(&from)?;
        // Who may not read there does not learn whether it is there either.
        if self.check(Right::Pull, Some(&from)).is_err() {
            return Ok(None);
        }
        let to = repository.clone();
        let mounted = self.blocking(move |store| store.mount(&to, digest, &from)).await?;
        Ok(mounted.then(|| created(&format!("/v2/{repository}/blobs/{digest}"), digest)))
    }

    /// `.../blobs/uploads/<id>`.
    pub(super) async fn upload(&self, name: &str, id: &str, body: Body) -> Answer {
        let repository = self.repository(name, Right::Push)?;
        let upload = self.store.upload(&repository, id)?;
        match self.parts.method {
            Method::GET => {
                let writer = self.writer(&upload).await?;
                let mut response = accepted(&repository, &upload, writer.written());
                *response.status_mut() = StatusCode::NO_CONTENT;
                Ok(response)
            }
            Method::PATCH => {
                let writer = self.writer(&upload).await?;
                if let Err(refusal) = self.check_goes_on(writer.written()) {
                    let mut response = axum::response::IntoResponse::into_response(refusal);
                    place(&mut response, &repository, &upload, writer.written());
                    return Ok(response);
                }
                let writer = self.receive(writer, body).await?;
                Ok(accepted(&repository, &upload, writer.written()))
            }
            Method::PUT => {
                let digest = self.query("digest");
                let missing = || Refusal::new(Code::DigestInvalid, "say `?digest=sha256:...` to end an upload");
                let digest = name::digest(&digest.ok_or_else(missing)?)?;
                let writer = self.writer(&upload).await?;
                self.check_goes_on(writer.written())?;
                let writer = self.receive(writer, body).await?;
                self.finish(&repository, upload, writer, digest).await
            }
            Method::DELETE => {
                let mut writer = self.writer(&upload).await?;
                self.blocking(move |store| store.cancel_upload(&upload, &mut writer)).await?;
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => Err(self.unsupported()),
        }
    }

    /// Waits until no other request writes the upload.
    async fn writer(&self, upload: &Upload) -> Result<OwnedMutexGuard<Writer>, Refusal> {
        let patience = Duration::from_millis(self.store.settings().idle_ms_max);
        let writer = timeout(patience, Arc::clone(&upload.writer).lock_owned()).await;
        writer.map_err(|_| Refusal::new(Code::TooManyRequests, "another request writes this upload"))
    }

    /// A piece with a range must begin where the upload ended, and be as long as it says.
    fn check_goes_on(&self, written: u64) -> Result<(), Refusal> {
        let Some(range) = self.header(header::CONTENT_RANGE) else { return Ok(()) };
        let wrong = |text: String| Err(Refusal::new(Code::BlobUploadInvalid, text));
        let range = range.trim().trim_start_matches("bytes ").split('/').next().unwrap_or_default();
        let numbers = range.split_once('-').and_then(|(start, end)| Some((start.parse().ok()?, end.parse().ok()?)));
        let Some((start, end)) = numbers.filter(|(start, end): &(u64, u64)| start <= end) else {
            return wrong(format!("`{range}` is no range: write `FIRST-LAST`, both in bytes and included"));
        };
        if start != written {
            return wrong(format!("the upload has {written} bytes, and this piece begins at {start}"));
        }
        let length = self.header(header::CONTENT_LENGTH).and_then(|text| text.parse::<u64>().ok());
        match length {
            Some(length) if length != end.saturating_sub(start).saturating_add(1) => {
                wrong(format!("the piece has {length} bytes, and its range says {range}"))
            }
            _ => Ok(()),
        }
    }

    /// Writes what comes. What came before a failure stays, and the client may go on after it.
    async fn receive(&self, writer: OwnedMutexGuard<Writer>, body: Body) -> Result<OwnedMutexGuard<Writer>, Refusal> {
        let (mut writer, mut body) = (writer, body);
        let idle = self.store.settings().idle_ms_max;
        let mut piece = BytesMut::new();
        loop {
            let next = body::next(&mut body, idle).await;
            let is_end = !matches!(next, Ok(Some(_)));
            if let Ok(Some(bytes)) = &next {
                piece.extend_from_slice(bytes);
            }
            if !piece.is_empty() && (is_end || piece.len() >= PIECE_BYTES) {
                writer = self.write(writer, piece.split().freeze()).await?;
            }
            match next {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(writer),
                Err(refusal) => return Err(refusal),
            }
        }
    }

    /// Writes a piece. The writer goes along: where this request is dropped, it is given back when the piece is written.
    async fn write(&self, writer: OwnedMutexGuard<Writer>, piece: Bytes) -> Result<OwnedMutexGuard<Writer>, Refusal> {
        self.blocking(move |store| {
            let mut writer = writer;
            store.append(&mut writer, &piece)?;
            Ok(writer)
        })
        .await
    }

    async fn finish(
        &self,
        repository: &Repository,
        upload: Arc<Upload>,
        writer: OwnedMutexGuard<Writer>,
        digest: kernel_types::Digest,
    ) -> Answer {
        self.blocking(move |store| {
            let mut writer = writer;
            store.finish_upload(&upload, &mut writer, digest)
        })
        .await?;
        Ok(created(&format!("/v2/{repository}/blobs/{digest}"), digest))
    }
}

/// Says where an upload stands.
fn accepted(repository: &Repository, upload: &Upload, written: u64) -> Response<Body> {
    let mut response = empty(StatusCode::ACCEPTED);
    place(&mut response, repository, upload, written);
    response
}

fn place(response: &mut Response<Body>, repository: &Repository, upload: &Upload, written: u64) {
    let id = upload.id;
    set(response, header::LOCATION, &format!("/v2/{repository}/blobs/uploads/{id}"));
    // A range has no way to say "nothing"; clients expect this for it.
    set(response, header::RANGE, &format!("0-{}", written.saturating_sub(1)));
    set(response, UPLOAD_ID, &id.to_string());
}
