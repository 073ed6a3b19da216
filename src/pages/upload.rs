//! Files sent by a form (`multipart/form-data`, RFC 7578): names, plain fields and bytes, from a body read within limits.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// Most parts of one form.
const MOST_PARTS: usize = 50;

/// One part of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Name of the field.
    pub name: String,
    /// Name of the file, without folders; none for a plain field.
    pub file: Option<String>,
    /// Its content, a part of the body's own memory.
    pub bytes: Bytes,
}

/// The parts of a body; none when it is not such a form.
pub fn parts(headers: &HeaderMap, body: &Bytes) -> Option<Vec<Part>> {
    let boundary = boundary(headers.get(CONTENT_TYPE)?.to_str().ok()?)?;
    let opening = format!("--{boundary}");
    let closing = format!("\r\n--{boundary}");
    let mut rest = body.get(find(body, opening.as_bytes())? + opening.len()..)?;
    let mut all = Vec::new();
    while let Some(after) = rest.strip_prefix(b"\r\n") {
        let head_end = find(after, b"\r\n\r\n")?;
        let head = std::str::from_utf8(&after[..head_end]).ok()?;
        let content = &after[head_end + 4..];
        let end = find(content, closing.as_bytes())?;
        all.push(part(head, body.slice_ref(&content[..end]))?);
        if all.len() > MOST_PARTS {
            return None;
        }
        rest = &content[end + closing.len()..];
    }
    rest.starts_with(b"--").then_some(all)
}

fn boundary(media_type: &str) -> Option<String> {
    let (kind, parameters) = media_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameters.split(';').find_map(|p| {
        let (name, value) = p.trim().split_once('=')?;
        let value = value.trim_matches('"');
        (name.eq_ignore_ascii_case("boundary") && !value.is_empty() && value.len() <= 70)
            .then(|| value.to_owned())
    })
}

fn part(head: &str, bytes: Bytes) -> Option<Part> {
    let line = head.split("\r\n").find(|l| l.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let name = parameter(line, "name")?;
    let file = parameter(line, "filename").map(|f| f.rsplit(['/', '\\']).next().unwrap_or("").to_owned());
    Some(Part { name, file, bytes })
}

/// A quoted parameter of a header line. Browsers write a quote inside as `%22`.
fn parameter(line: &str, name: &str) -> Option<String> {
    let start = format!("; {name}=\"");
    let from = line.find(&start)? + start.len();
    let length = line[from..].find('"')?;
    Some(line[from..from + length].to_owned())
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(step) = hay.get(from..)?.iter().position(|b| *b == first) {
        let at = from + step;
        if hay[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> HeaderMap {
        let mut all = HeaderMap::new();
        all.insert(CONTENT_TYPE, http::HeaderValue::from_static("multipart/form-data; boundary=xYz"));
        all
    }

    #[test]
    fn fields_and_files_are_read() {
        let body = Bytes::from_static(b"--xYz\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n--xYz\r\nContent-Disposition: form-data; \
                     name=\"files\"; filename=\"dir/areas.csv\"\r\nContent-Type: text/csv\r\n\r\na,b\r\n1,2\r\n\r\n--xYz--\r\n");
        let all = parts(&headers(), &body).unwrap();
        assert_eq!(all[0], Part { name: "csrf".to_owned(), file: None, bytes: Bytes::from_static(b"abc") });
        assert_eq!(
            (all[1].file.as_deref(), &all[1].bytes[..]),
            (Some("areas.csv"), b"a,b\r\n1,2\r\n".as_slice())
        );
    }

    #[test]
    fn what_is_cut_short_is_nothing() {
        assert_eq!(
            parts(
                &headers(),
                &Bytes::from_static(b"--xYz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nabc")
            ),
            None
        );
        assert_eq!(parts(&HeaderMap::new(), &Bytes::new()), None);
    }
}
