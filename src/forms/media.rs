//! Files that belong to a form: what they may be called, how large they may be, what they are served as.

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};

use super::fault::Fault;
use super::limits;

/// Characters of a file's name.
const NAME_CHARS: usize = 200;

/// MD5 as clients compare it: 32 hexadecimal digits.
pub fn md5_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Md5::digest(bytes))
}

/// What is wrong with the files given with a form: names and lengths in bytes.
pub fn media_faults(files: &[(&str, usize)]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if files.len() > limits::MEDIA_FILES {
        faults.push(Fault::new(
            format!("more than {} files belong to the form", limits::MEDIA_FILES),
            format!("表单附带的文件超过 {} 个", limits::MEDIA_FILES),
        ));
    }
    if files.iter().map(|(_, length)| length).sum::<usize>() > limits::MEDIA_BYTES_ALL {
        faults.push(Fault::new(
            "the files of the form are larger than 25 MiB together",
            "表单附带的文件合计大于 25 MiB",
        ));
    }
    for (n, (name, length)) in files.iter().enumerate() {
        if !is_file_name(name) {
            faults.push(Fault::new(
                "a file of the form has a name with /, \\ or signs that cannot be seen, or of more than 200 characters",
                "表单附带文件的名称含有 /、\\ 或不可见字符，或超过 200 个字符",
            ));
        } else if *length > limits::MEDIA_BYTES {
            faults
                .push(Fault::new(format!("{name} is larger than 5 MiB"), format!("文件 {name} 大于 5 MiB")));
        } else if files[..n].iter().any(|(other, _)| other == name) {
            faults.push(Fault::new(format!("{name} was given twice"), format!("文件 {name} 提交了两次")));
        }
    }
    faults
}

/// Whether a file may be called so.
pub fn is_file_name(name: &str) -> bool {
    let is_bad = |c: char| c.is_control() || matches!(c, '/' | '\\');
    !name.is_empty()
        && name != "."
        && name != ".."
        && !name.contains(is_bad)
        && name.chars().count() <= NAME_CHARS
}

/// What a file is served as, by the ending of its name. Nothing that a browser would run.
pub fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    match ending.as_str() {
        "csv" => "text/csv",
        "geojson" => "application/geo+json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_elsewhere_is_no_name() {
        for name in ["", ".", "..", "../x", "a\\b", "a\0b"] {
            assert!(!is_file_name(name), "{name:?}");
            assert_eq!(media_faults(&[(name, 1)]).len(), 1, "{name:?}");
        }
        assert!(is_file_name("街道 1.csv"));
    }

    #[test]
    fn each_limit_is_a_fault_of_its_own() {
        assert_eq!(media_faults(&[("a", 1), ("b", 1)]), []);
        assert_eq!(media_faults(&[("a", 1), ("a", 1)]).len(), 1);
        assert_eq!(media_faults(&[("a", limits::MEDIA_BYTES + 1)]).len(), 1);
        let many: Vec<String> = (0..=limits::MEDIA_FILES).map(|n| n.to_string()).collect();
        let many: Vec<(&str, usize)> = many.iter().map(|name| (name.as_str(), 1)).collect();
        assert_eq!(media_faults(&many).len(), 1);
    }
}
