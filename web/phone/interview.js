// The frame around a form: finds the form and the draft, hands both to `form/index.js`, stores what comes back.
//
// form/index.js exports
//
//   mountForm({ root, form, door, draft, language, strings, previous, onDraft, onFinish, onLeave }) -> { close() }
//
//   root      an empty element; everything below it belongs to the form. `close()` empties it and stops all timers.
//   form      { id, version, role, title?, title_zh?, xform(), file(name) }
//             The built-in short form is { id: 'census_short', version: '', role: 'main' } and has no xform.
//             `xform()` -> Promise<string>, `file(name)` -> Promise<Blob|null>: stored copies, offline too.
//   door      { case_id, area, area_name, building, building_name, unit, floor, room, address, household, state,
//               survey: { id, reference_at, time_zone, district } }
//   draft     null, or exactly what the last `onDraft` got (structured clone: Blobs and Dates survive)
//   language  'zh' or 'en'
//   strings   (key, places?) -> text, from web/locales (`phone.*` and the code tables' labels)
//   previous  null, or { id, revision, record } of the interview that is corrected: the next revision starts from it;
//             `record` has no citizen ids: a person left without one gets `citizen_id_from: { revision, person_no }`
//   onDraft(data)    -> Promise; resolves when `data` is on disk, rejects (StorageError) when it could not be stored.
//                       Call it 300 ms after the last change and on `pagehide`/`visibilitychange`. `data` is opaque here.
//   onFinish(result) -> Promise; freezes visit and record in one write and removes the draft. Rejects and keeps the draft
//                       when it could not be stored. `result` is one of
//     { kind: 'interview', result: 'complete'|'partial', respondent: 'head'|'member'|'neighbour'|'manager'|'relative',
//       outcome?: 'break_off', address_text?, household: {}, persons: [], answers?: {}, paused_s? }
//       (protocol: the fields of an interview record; id, case_id, visit_id, revision, at are added here)
//     { kind: 'submission', result: 'complete'|'partial', respondent?, outcome?: 'break_off', id, form: { id, version },
//       xml, keep_ids?, paused_s?, files: [{ id, name, blob }] }
//       (id = the UUID of the instanceID; case_id and visit_id are added here)
//   onLeave(why) -> 'keep' (the draft stays) or 'nothing' (the visit did not happen; the draft is removed, undo 10 s).
//                   "They stopped" is onFinish with outcome 'break_off' and result 'partial'.
//
// The whole page is in one `<main>`; the form sets `data-screen` on its screen, `data-path` and `data-problem` on questions
// and `data-act` on its buttons. `lit.js` gives html, nothing, render, svg, repeat, live.
