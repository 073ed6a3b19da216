//! One-to-one assignment of two interviews' persons. Without it siblings and twins match each other.

/// The assignment of rows to columns with the greatest total of `weight[row][column]`, where leaving a pair
/// out is worth `floor`; pairs at or below `floor` are never used. Kuhn's method with potentials
/// (Jonker, Volgenant 1987), O(n^3); ties fall to the lower column.
pub fn assign(weights: &[f64], rows: usize, columns: usize, floor: f64) -> Vec<(usize, usize)> {
    let used: Vec<(usize, usize)> = (0..rows)
        .flat_map(|r| (0..columns).map(move |c| (r, c)))
        .filter(|(r, c)| weights[r * columns + c] > floor)
        .collect();
    if is_one_to_one(&used, rows, columns) {
        return used;
    }
    let size = rows.max(columns);
    let cost = |r: usize, c: usize| {
        if r < rows && c < columns { -(weights[r * columns + c] - floor).max(0.0) } else { 0.0 }
    };
    let owner = shortest_paths(size, cost);
    let mut pairs: Vec<(usize, usize)> =
        owner.into_iter().enumerate().map(|(c, r)| (r, c)).filter(|p| used.contains(p)).collect();
    pairs.sort_unstable();
    pairs
}

fn is_one_to_one(pairs: &[(usize, usize)], rows: usize, columns: usize) -> bool {
    let (mut row_used, mut column_used) = (vec![false; rows], vec![false; columns]);
    pairs.iter().all(|(r, c)| {
        let free = !row_used[*r] && !column_used[*c];
        row_used[*r] = true;
        column_used[*c] = true;
        free
    })
}

/// Owner row of each column in a square assignment of least cost. Index 0 of the inner vectors is a sentinel.
fn shortest_paths(size: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    let mut search = Search { u: vec![0.0; size + 1], v: vec![0.0; size + 1], owner: vec![0; size + 1] };
    for row in 1..=size {
        search.owner[0] = row;
        let (mut column, way) = search.free_column(size, &cost);
        while column != 0 {
            search.owner[column] = search.owner[way[column]];
            column = way[column];
        }
    }
    search.owner.into_iter().skip(1).map(|r| r - 1).collect()
}

/// Potentials of rows and columns, and the row that owns each column.
struct Search {
    u: Vec<f64>,
    v: Vec<f64>,
    owner: Vec<usize>,
}

impl Search {
    /// Grows the tree of shortest paths from the row at column 0 until it meets a column without an owner;
    /// returns it and the way back.
    fn free_column(&mut self, size: usize, cost: &impl Fn(usize, usize) -> f64) -> (usize, Vec<usize>) {
        let (mut least, mut seen) = (vec![f64::INFINITY; size + 1], vec![false; size + 1]);
        let (mut way, mut column) = (vec![0; size + 1], 0);
        loop {
            seen[column] = true;
            let (current, mut delta, mut next) = (self.owner[column], f64::INFINITY, 0);
            for c in (1..=size).filter(|c| !seen[*c]) {
                let reduced = cost(current - 1, c - 1) - self.u[current] - self.v[c];
                if reduced < least[c] {
                    least[c] = reduced;
                    way[c] = column;
                }
                if least[c] < delta {
                    delta = least[c];
                    next = c;
                }
            }
            for c in 0..=size {
                if seen[c] {
                    self.u[self.owner[c]] += delta;
                    self.v[c] -= delta;
                } else {
                    least[c] -= delta;
                }
            }
            column = next;
            if self.owner[column] == 0 {
                return (column, way);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(weights: &[f64], columns: usize, floor: f64, pairs: &[(usize, usize)]) -> f64 {
        pairs.iter().map(|(r, c)| weights[r * columns + c] - floor).sum()
    }

    /// Every assignment, one row at a time.
    fn best(weights: &[f64], rows: usize, columns: usize, floor: f64, row: usize, taken: u32) -> f64 {
        if row == rows {
            return 0.0;
        }
        let mut top = best(weights, rows, columns, floor, row + 1, taken);
        for c in (0..columns).filter(|c| taken & (1 << c) == 0) {
            let gain = weights[row * columns + c] - floor;
            if gain > 0.0 {
                top = top.max(gain + best(weights, rows, columns, floor, row + 1, taken | (1 << c)));
            }
        }
        top
    }

    #[test]
    fn siblings_do_not_cross() {
        let pairs = assign(&[20.0, 9.0, 9.0, 18.0], 2, 2, 0.0);
        assert_eq!(pairs, vec![(0, 0), (1, 1)]);
        assert_eq!(assign(&[5.0, 6.0], 2, 1, 0.0), vec![(1, 0)]);
        assert!(assign(&[], 0, 3, 0.0).is_empty());
    }

    proptest! {
        #[test]
        fn no_assignment_is_better(rows in 1_usize..5, columns in 1_usize..5, seed in prop::collection::vec(-10_i32..20, 16)) {
            let weights: Vec<f64> = seed.iter().take(rows * columns).map(|w| f64::from(*w)).collect();
            let pairs = assign(&weights, rows, columns, -2.0);
            let want = best(&weights, rows, columns, -2.0, 0, 0);
            prop_assert!((total(&weights, columns, -2.0, &pairs) - want).abs() < 1e-9);
        }
    }
}
