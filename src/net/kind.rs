//! The closed list of problems: slug, titles, status and what each one means, in both languages.
//!
//! A slug is part of the contract: it is never renamed and never used again for something else.
//! `docs/problems.md` holds the same list for people; a test in `problem` compares the two.

use http::StatusCode;

/// One kind of problem; what is the same in every answer that reports it (RFC 9457, `type` and `title`).
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Last part of `type`: `/problems/<slug>`.
    pub slug: &'static str,
    /// The status the answer carries.
    pub status: StatusCode,
    /// Short English name, the same in every answer of this kind.
    pub title: &'static str,
    /// The same in Chinese.
    pub title_zh: &'static str,
    /// What happened and what to do about it, one or two sentences.
    pub meaning: &'static str,
    /// The same in Chinese.
    pub meaning_zh: &'static str,
}

macro_rules! kinds {
    ($($name:ident $slug:literal $status:ident { $title:literal, $title_zh:literal, $meaning:literal, $meaning_zh:literal })+) => {
        $(
            #[doc = concat!("`", $slug, "`: ", $meaning)]
            pub const $name: Kind = Kind {
                slug: $slug,
                status: StatusCode::$status,
                title: $title,
                title_zh: $title_zh,
                meaning: $meaning,
                meaning_zh: $meaning_zh,
            };
        )+
        /// Every kind there is, in the order of the document.
        pub const ALL: &[&Kind] = &[$(&$name),+];
    };
}

kinds! {
    BAD_REQUEST "bad-request" BAD_REQUEST {
        "The request cannot be read", "请求无法读取",
        "A header or the request as a whole is malformed. Nothing was done.",
        "请求头或整个请求格式有误，未做任何处理。" }
    BAD_PARAMETER "bad-parameter" BAD_REQUEST {
        "A parameter is not valid", "参数无效",
        "A parameter of the address is missing, given twice or has a value that cannot be used; `errors` names it.",
        "网址中的某个参数缺失、重复或取值无效，`errors` 指明是哪一个。" }
    NOT_JSON "not-json" BAD_REQUEST {
        "The body is not JSON", "正文不是 JSON",
        "The body cannot be read as JSON; `detail` gives line and column. Nothing was stored; send it again unbroken.",
        "正文不是有效的 JSON，`detail` 给出行和列。未存储任何内容，请重新完整发送。" }
    DUPLICATE_KEY "duplicate-key" BAD_REQUEST {
        "A name stands twice in one object", "对象中有重复的键",
        "Two members of one JSON object have the same name, so it is unclear which one is meant.",
        "同一个 JSON 对象中有两个同名的键，无法判断以哪一个为准。" }
    BODY_CUT_SHORT "body-cut-short" BAD_REQUEST {
        "The body ended too early", "正文不完整",
        "The connection ended before the whole body had arrived. Nothing was stored; send it again.",
        "正文尚未全部到达连接就中断了。未存储任何内容，请重新发送。" }
    NOT_UNPACKED "not-unpacked" BAD_REQUEST {
        "The body cannot be unpacked", "正文无法解压",
        "The body is not what its Content-Encoding says, or it is damaged. Nothing was stored; send it again.",
        "正文与 Content-Encoding 不符或已损坏。未存储任何内容，请重新发送。" }
    NOT_SIGNED_IN "not-signed-in" UNAUTHORIZED {
        "Not signed in", "未登录",
        "The call needs a bearer token or a session that is still valid. A phone has to be enrolled again.",
        "此调用需要有效的令牌或会话。手机需要重新登记。" }
    WRONG_LOGIN "wrong-login" UNAUTHORIZED {
        "User or password is wrong", "用户名或密码错误",
        "User and password do not belong together. Which of the two is wrong is not said.",
        "用户名与密码不匹配，不说明是哪一项有误。" }
    WRONG_CODE "wrong-code" FORBIDDEN {
        "The enrolment code does not work", "登记码无效",
        "The code is mistyped, was used before or is older than a day. A supervisor can give a new one.",
        "登记码输错、已被使用或已超过一天。请向普查指导员索取新的登记码。" }
    WRONG_PIN "wrong-pin" FORBIDDEN {
        "The PIN is wrong", "密码错误",
        "The card has another PIN. After five wrong ones it waits for a quarter of an hour, after twenty its code ends.",
        "与该卡设定的密码不符。连续输错五次须等待一刻钟，累计二十次该码作废。" }
    DEVICE_REVOKED "device-revoked" FORBIDDEN {
        "This device has been cut off", "本设备已被停用",
        "A supervisor has cut this device off, or its person is no longer on the staff list. What it still holds can be saved to a file and handed in.",
        "普查指导员已停用本设备，或其使用人已不在人员名单中。设备上尚未上传的内容可以存成文件上交。" }
    WRONG_ROLE "wrong-role" FORBIDDEN {
        "Not open to this role", "当前角色无权使用",
        "The call is meant for another role, for instance for supervisors only.",
        "此调用只供其他角色使用，例如只限普查指导员。" }
    FOREIGN_DEVICE "foreign-device" FORBIDDEN {
        "The batch belongs to another device", "批次属于其他设备",
        "`device_id` in the body is not the device this token was given to.",
        "正文中的 `device_id` 不是该令牌所属的设备。" }
    BEYOND_REACH "beyond-reach" FORBIDDEN {
        "The decision reaches beyond your area", "决定超出管辖范围",
        "The decision would change a door outside your area. A supervisor over both areas has to take it.",
        "该决定会改变您辖区以外的住户，须由管辖两处的普查指导员作出。" }
    FORM_EXPIRED "form-expired" FORBIDDEN {
        "The page is too old to be sent", "页面已过期",
        "The form does not carry the sign of this session. Load the page again and repeat the step.",
        "表单不属于当前会话，请重新打开页面后再操作。" }
    LOOPBACK_ONLY "loopback-only" FORBIDDEN {
        "Only from the machine itself", "仅限本机访问",
        "The figures of the service are shown to the machine it runs on and to administrators.",
        "服务指标只向本机和管理员开放。" }
    NOT_FOUND "not-found" NOT_FOUND {
        "Not there, or not in your area", "不存在或不在您的辖区",
        "There is nothing under this address, or it lies outside the area you may see; the two are not told apart.",
        "该地址下没有内容，或不在您可见的辖区内；两者不作区分。" }
    UNKNOWN_SURVEY "unknown-survey" NOT_FOUND {
        "No such survey", "没有这项调查",
        "The survey named is not one this token or user works in.",
        "所写的调查不是该令牌或用户参与的调查。" }
    METHOD_NOT_ALLOWED "method-not-allowed" METHOD_NOT_ALLOWED {
        "This address takes another method", "请求方法不适用",
        "The address exists but is called with another method; `Allow` lists those that work.",
        "该地址存在，但应使用其他方法，`Allow` 列出可用的方法。" }
    TOO_SLOW "too-slow" REQUEST_TIMEOUT {
        "The request came in too slowly", "请求传输过慢",
        "Less than 1 KiB per second arrived for ten seconds. Nothing was stored; send it again on a better line.",
        "连续十秒每秒到达不足 1 KiB。未存储任何内容，请在信号较好时重新发送。" }
    BATCH_ID_REUSED "batch-id-reused" CONFLICT {
        "The batch id was used for other content", "批次编号已用于其他内容",
        "A batch with this id but other records is already stored. New records need a new batch id.",
        "已存在同一编号但记录不同的批次。新的记录须使用新的批次编号。" }
    WRONG_OFFSET "wrong-offset" CONFLICT {
        "The piece does not follow what is here", "分片与已收内容不衔接",
        "Pieces are taken in order; `offset` is the next byte wanted. A HEAD request tells it too.",
        "分片须按顺序发送，`offset` 为下一个所需字节，也可用 HEAD 请求查询。" }
    OTHER_CONTENT "other-content" CONFLICT {
        "The id was used for another picture", "编号已用于其他图片",
        "An attachment with this id and other content is stored. Another picture needs an id of its own.",
        "已存在同一编号但内容不同的附件，另一张图片须使用新的编号。" }
    STALE_VERSION "stale-version" CONFLICT {
        "Somebody decided in the meantime", "期间已有他人作出决定",
        "What was judged has changed since it was read. Read it again, then decide.",
        "读取之后内容已有变化，请重新读取后再作决定。" }
    NOT_POSSIBLE_NOW "not-possible-now" CONFLICT {
        "The decision does not fit the present state", "当前状态下不能作此决定",
        "The state the case or record is in does not allow this decision; `detail` says why.",
        "住户或记录的当前状态不允许作此决定，原因见 `detail`。" }
    FORM_VERSION_EXISTS "form-version-exists" CONFLICT {
        "The version was published with other content", "该版本已发布且内容不同",
        "A published version of a form never changes. Give the changed form another version and send it again.",
        "表单的已发布版本不再更改。请为修改后的表单另取版本号，再重新提交。" }
    FORM_IN_USE "form-in-use" CONFLICT {
        "Another form, or open work, stands against it", "与其他表单或未完成的工作冲突",
        "A survey has one main form, and at most eight extra ones; a main form is not closed while doors are open. `detail` says which it is.",
        "一项调查只有一个主表，附加表单最多 8 个；仍有未完成的住户时不关闭主表。原因见 `detail`。" }
    BODY_TOO_LARGE "body-too-large" PAYLOAD_TOO_LARGE {
        "The body is too large", "正文过大",
        "The body is over the limit, as sent or unpacked (16 MiB for a batch). Send it in smaller parts.",
        "正文在传输或解压后超过上限（批次为 16 MiB），请拆分后发送。" }
    TOO_MANY_RECORDS "too-many-records" PAYLOAD_TOO_LARGE {
        "Too many records in one batch", "一个批次的记录过多",
        "A batch holds at most 5,000 records. Send the rest in another batch.",
        "一个批次最多 5000 条记录，其余请放入另一个批次。" }
    UNSUPPORTED_TYPE "unsupported-type" UNSUPPORTED_MEDIA_TYPE {
        "The body has to be JSON", "正文须为 JSON",
        "Bodies are taken as `Content-Type: application/json` in UTF-8 and as nothing else.",
        "正文只接受 UTF-8 编码的 `Content-Type: application/json`。" }
    UNSUPPORTED_ENCODING "unsupported-encoding" UNSUPPORTED_MEDIA_TYPE {
        "The packing is not known", "不支持的压缩方式",
        "A body may be packed with gzip or zstd, once, or be sent as it is; `Accept-Encoding` lists the ways.",
        "正文可用 gzip 或 zstd 压缩一次，也可不压缩，`Accept-Encoding` 列出可用方式。" }
    UNSUPPORTED_PICTURE "unsupported-picture" UNSUPPORTED_MEDIA_TYPE {
        "This is no picture we take", "不支持的图片格式",
        "Attachments are JPEG, PNG, WebP or HEIC pictures; what counts is their first bytes, not their name.",
        "附件须为 JPEG、PNG、WebP 或 HEIC 图片，以文件开头的字节为准，与文件名无关。" }
    DIGEST_MISMATCH "digest-mismatch" UNPROCESSABLE_ENTITY {
        "The content is not what was announced", "内容与摘要不符",
        "The digest announced differs from that of what arrived. Nothing was kept; send it again from the beginning.",
        "收到的内容与所声明的摘要不一致，未作保留，请从头重新发送。" }
    BODY_NOT_VALID "body-not-valid" UNPROCESSABLE_ENTITY {
        "The body does not say what is needed", "正文内容不符合要求",
        "The body is JSON but not what this call takes; `errors` points at each place.",
        "正文是 JSON，但不符合此调用的要求，`errors` 指出每一处。" }
    FORM_FAULTS "form-faults" UNPROCESSABLE_ENTITY {
        "The form cannot be used as it is", "表单存在错误，无法使用",
        "Nothing was stored. `errors` names every fault with its sheet, row and column (of an XForm with its path).",
        "未存储任何内容。`errors` 列出每处错误及其工作表、行和列（XForm 则为路径）。" }
    SURVEY_NEEDED "survey-needed" UNPROCESSABLE_ENTITY {
        "Say which survey is meant", "须指明调查",
        "The user works in several surveys, so the survey has to be named.",
        "该用户参与多项调查，须指明是哪一项。" }
    TOO_MANY_UPLOADS "too-many-uploads" TOO_MANY_REQUESTS {
        "Too many uploads at once", "同时上传过多",
        "All places for uploads are taken. Send the same batch again after the time in `Retry-After`.",
        "上传通道已满，请在 `Retry-After` 所示时间后重发同一批次。" }
    TOO_MANY_TRIES "too-many-tries" TOO_MANY_REQUESTS {
        "Too many wrong tries", "错误次数过多",
        "Too many wrong codes or passwords in a row. Wait for the time in `Retry-After`.",
        "登记码或密码连续错误次数过多，请等待 `Retry-After` 所示时间。" }
    DEVICE_QUOTA "device-quota" TOO_MANY_REQUESTS {
        "The device has sent its share of pictures", "本设备的图片已达上限",
        "The device has reached a limit of its survey for pictures; `quota` says which, `goes_on_at` until when. Records are taken all the same.",
        "本设备的图片已达到调查规定的上限，`quota` 指明是哪一项，`goes_on_at` 为可继续的时间。记录照常接收。" }
    BUSY "busy" TOO_MANY_REQUESTS {
        "Too much at once", "同时请求过多",
        "More of this is asked for at the same moment than the service does at once. Try again after the time in `Retry-After`.",
        "同一时刻的此类请求超出服务可同时处理的数量，请在 `Retry-After` 所示时间后重试。" }
    INTERNAL "internal" INTERNAL_SERVER_ERROR {
        "Something went wrong inside", "服务内部出错",
        "A fault of the service, not of the request. Its log knows more under `request_id`. Sending again does no harm.",
        "这是服务自身的故障，与请求无关。日志中可按 `request_id` 查找。重新发送不会造成重复。" }
    DATABASE_AWAY "database-away" SERVICE_UNAVAILABLE {
        "The database cannot be reached", "数据库暂时不可用",
        "Nothing was half done. Send the same again after the time in `Retry-After`.",
        "没有任何操作只完成一半，请在 `Retry-After` 所示时间后原样重发。" }
    NO_ROOM "no-room" SERVICE_UNAVAILABLE {
        "The disk is nearly full", "磁盘空间不足",
        "The service takes no uploads until there is room again. Keep the records and send them later.",
        "在腾出空间之前服务不接收上传，请保留记录稍后发送。" }
    STOPPING "stopping" SERVICE_UNAVAILABLE {
        "The service is being stopped", "服务正在停止",
        "The service takes no new requests because it is being stopped or restarted. Send the same again shortly.",
        "服务正在停止或重启，不再接收新的请求，请稍后原样重发。" }
    TOO_MANY_CONNECTIONS "too-many-connections" SERVICE_UNAVAILABLE {
        "Too many connections", "连接数过多",
        "All connections are taken. Try again after the time in `Retry-After`.",
        "连接已满，请在 `Retry-After` 所示时间后重试。" }
    CHECKING "checking" SERVICE_UNAVAILABLE {
        "The service is not ready yet", "服务尚未就绪",
        "The database is being prepared or is of another version than this program.",
        "数据库正在准备，或其版本与程序不一致。" }
}

/// The kind with this slug, or nothing.
pub fn by_slug(slug: &str) -> Option<&'static Kind> {
    ALL.iter().find(|kind| kind.slug == slug).copied()
}
