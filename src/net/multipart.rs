//! Files sent by a form (`multipart/form-data`, RFC 7578): names, plain fields and bytes, from a body read within limits.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::Multipart;

/// One part of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Name of the field.
    pub name: String,
    /// Name of the file, without folders; none for a plain field.
    pub file: Option<String>,
    /// Its content.
    pub bytes: Bytes,
}

/// The parts of a body; none when it is not such a form, is cut short, or has more than `most`.
pub async fn parts(headers: &HeaderMap, body: &Bytes, most: usize) -> Option<Vec<Part>> {
    let boundary = multer::parse_boundary(headers.get(CONTENT_TYPE)?.to_str().ok()?).ok()?;
    let mut form = Multipart::new(stream::iter([Ok::<_, Infallible>(body.clone())]), boundary);
    let mut all = Vec::new();
    while let Some(field) = form.next_field().await.ok()? {
        let name = field.name()?.to_owned();
        let file = field.file_name().map(|f| f.rsplit(['/', '\\']).next().unwrap_or("").to_owned());
        all.push(Part { name, file, bytes: field.bytes().await.ok()? });
        if all.len() > most {
            return None;
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> HeaderMap {
        let mut all = HeaderMap::new();
        all.insert(CONTENT_TYPE, http::HeaderValue::from_static("multipart/form-data; boundary=xYz"));
        all
    }

    #[tokio::test]
    async fn fields_and_files_are_read() {
        let body = Bytes::from_static(b"--xYz\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n--xYz\r\nContent-Disposition: form-data; \
                     name=\"files\"; filename=\"dir/areas.csv\"\r\nContent-Type: text/csv\r\n\r\na,b\r\n1,2\r\n\r\n--xYz--\r\n");
        let all = parts(&headers(), &body, 50).await.unwrap();
        assert_eq!(all[0], Part { name: "csrf".to_owned(), file: None, bytes: Bytes::from_static(b"abc") });
        assert_eq!(
            (all[1].file.as_deref(), &all[1].bytes[..]),
            (Some("areas.csv"), b"a,b\r\n1,2\r\n".as_slice())
        );
    }

    #[tokio::test]
    async fn what_is_cut_short_is_nothing() {
        assert_eq!(
            parts(
                &headers(),
                &Bytes::from_static(b"--xYz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nabc"),
                50
            )
            .await,
            None
        );
        assert_eq!(parts(&HeaderMap::new(), &Bytes::new(), 50).await, None);
    }
}
