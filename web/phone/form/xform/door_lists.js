// The lists that a form may choose doors from, cut to the one door the interview is at.

const COLUMNS = 'name,label,__version,geometry,address,building,unit,floor,room,state,visits,last,last_at,appointment,unmet,ask,held';
const cell = value => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const csv = (header, row) => `${header}\n${row ? `${header.split(',').map(name => cell(String(row[name] ?? ''))).join(',')}\n` : ''}`;

/** The text of a list made by the service, for `door` (null: no door); null where the file is none of these. */
export function doorList(name, door) {
  const label = door && (door.unit ? `${door.unit}-${door.room}` : door.room);
  const row = door && { ...door, name: door.case_id, label, last: '', last_at: '', appointment: '', unmet: '' };
  switch (name) {
    case 'doors.csv': return csv(COLUMNS, row);
    case 'today.csv': return csv('name,label,due_from,due_to,action,ask', row);
    case 'buildings.csv': return csv('name,label', door && { name: door.building, label: door.building_name || door.building });
    case 'receipts.csv': return csv('name,label,at,form,door,reason', null);
    default: return null;
  }
}
