//! Telling a picture by its first bytes, whatever it is said to be.

/// So many bytes tell every kind we take.
pub const ENOUGH: usize = 12;

/// Brands of ISO base media files that are HEIC pictures (ISO/IEC 23008-12, annex B).
const HEIC: [&[u8; 4]; 8] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"];

/// The media type of a picture that begins like this; `None` for anything else, however it is named. `beginning` holds
/// at least [`ENOUGH`] bytes, or the whole of what is shorter.
pub fn media_type(beginning: &[u8]) -> Option<&'static str> {
    if beginning.starts_with(&[0xff, 0xd8, 0xff]) {
        return Some("image/jpeg");
    }
    if beginning.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some("image/png");
    }
    let (head, brand) = (beginning.get(..8)?, beginning.get(8..12)?);
    if head.starts_with(b"RIFF") && brand == b"WEBP" {
        return Some("image/webp");
    }
    let is_heic = &head[4..] == b"ftyp" && HEIC.iter().any(|known| brand == *known);
    is_heic.then_some("image/heic")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_by_their_beginning_and_nothing_else_is_taken() {
        let table: [(&[u8], Option<&str>); 10] = [
            (&[0xff, 0xd8, 0xff, 0xe0, 0, 16], Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some("image/png")),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"\0\0\0\x18ftypheic\0\0\0\0", Some("image/heic")),
            (b"\0\0\0\x18ftypisom\0\0\0\0", None),
            (b"RIFF\x24\0\0\0WAVEfmt ", None),
            (b"<!doctype html><script>", None),
            (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
            (b"GIF89a", None),
            (b"", None),
        ];
        for (bytes, want) in table {
            assert_eq!(media_type(bytes), want, "{bytes:?}");
        }
    }
}
