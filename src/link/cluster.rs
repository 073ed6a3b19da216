//! Clustering by edges in falling weight, where a union that would break a constraint is refused. Plain
//! connected components chain; here every refusal has its reason.

/// An edge between two nodes, given by position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// One end.
    pub a: usize,
    /// Other end.
    pub b: usize,
    /// Strength; higher first. A supervisor's word has infinite weight.
    pub weight: f64,
}

/// The result: the cluster of each node and the edges refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Clustering<Reason> {
    /// Lowest position in the node's cluster.
    pub of: Vec<usize>,
    /// Position of a refused edge, and why.
    pub refused: Vec<(usize, Reason)>,
}

/// Clusters `nodes` nodes. Edges are taken by weight, then by ends, so the order they come in does not matter.
/// `forbids` sees the edge and the members of the two clusters about to be joined.
pub fn cluster<Reason>(
    nodes: usize,
    edges: &[Edge],
    mut forbids: impl FnMut(&Edge, &[usize], &[usize]) -> Option<Reason>,
) -> Clustering<Reason> {
    let mut order: Vec<usize> = (0..edges.len()).collect();
    let ends = |e: &Edge| (e.a.min(e.b), e.a.max(e.b));
    order.sort_by(|x, y| {
        let (x, y) = (&edges[*x], &edges[*y]);
        y.weight.total_cmp(&x.weight).then_with(|| ends(x).cmp(&ends(y)))
    });
    let mut of: Vec<usize> = (0..nodes).collect();
    let mut members: Vec<Vec<usize>> = (0..nodes).map(|n| vec![n]).collect();
    let mut refused = Vec::new();
    for position in order {
        let edge = &edges[position];
        let (x, y) = (of[edge.a].min(of[edge.b]), of[edge.a].max(of[edge.b]));
        if x == y {
            continue;
        }
        if let Some(reason) = forbids(edge, &members[x], &members[y]) {
            refused.push((position, reason));
            continue;
        }
        let joined = std::mem::take(&mut members[y]);
        for node in &joined {
            of[*node] = x;
        }
        members[x].extend(joined);
        members[x].sort_unstable();
    }
    refused.sort_unstable_by_key(|(position, _)| *position);
    Clustering { of, refused }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edges_of(raw: &[(usize, usize, u8)]) -> Vec<Edge> {
        raw.iter()
            .filter(|(a, b, _)| a != b)
            .map(|(a, b, w)| Edge { a: *a, b: *b, weight: f64::from(*w) })
            .collect()
    }

    /// Connected components by repeated relabelling: slow and obvious.
    fn components(nodes: usize, edges: &[Edge]) -> Vec<usize> {
        let mut label: Vec<usize> = (0..nodes).collect();
        for _ in 0..nodes {
            for e in edges {
                let low = label[e.a].min(label[e.b]);
                label[e.a] = low;
                label[e.b] = low;
            }
        }
        label
    }

    /// The rule written down again over sets of pairs: at each step take the strongest edge left, ask the
    /// constraint of every pair it would join.
    fn naive(nodes: usize, edges: &[Edge], apart: &[(usize, usize)]) -> Vec<usize> {
        let mut label: Vec<usize> = (0..nodes).collect();
        let mut left: Vec<&Edge> = edges.iter().collect();
        while !left.is_empty() {
            let key = |e: &Edge| (-e.weight, e.a.min(e.b), e.a.max(e.b));
            let best =
                (0..left.len()).min_by(|x, y| key(left[*x]).partial_cmp(&key(left[*y])).unwrap()).unwrap();
            let e = left.remove(best);
            let (x, y) = (label[e.a], label[e.b]);
            let broken = apart
                .iter()
                .any(|(p, q)| (label[*p] == x && label[*q] == y) || (label[*p] == y && label[*q] == x));
            if !broken {
                label.iter_mut().filter(|l| **l == x.max(y)).for_each(|l| *l = x.min(y));
            }
        }
        label
    }

    proptest! {
        #[test]
        fn without_constraints_clusters_are_components(raw in prop::collection::vec((0_usize..14, 0_usize..14, 0_u8..9), 0..24)) {
            let edges = edges_of(&raw);
            prop_assert_eq!(cluster(14, &edges, |_, _, _| None::<()>).of, components(14, &edges));
        }

        #[test]
        fn with_constraints_it_equals_an_independent_solver(
            raw in prop::collection::vec((0_usize..12, 0_usize..12, 0_u8..9), 0..24),
            apart in prop::collection::vec((0_usize..12, 0_usize..12), 0..8),
            shift in 0_usize..24,
        ) {
            let apart: Vec<(usize, usize)> = apart.into_iter().filter(|(p, q)| p != q).collect();
            let forbids = |_: &Edge, x: &[usize], y: &[usize]| {
                let broken = apart.iter().any(|(p, q)| {
                    (x.contains(p) && y.contains(q)) || (x.contains(q) && y.contains(p))
                });
                broken.then_some(())
            };
            let edges = edges_of(&raw);
            let found = cluster(12, &edges, forbids);
            prop_assert_eq!(&found.of, &naive(12, &edges, &apart));
            let mut turned = edges.clone();
            if !turned.is_empty() {
                let middle = shift % turned.len();
                turned.rotate_left(middle);
            }
            prop_assert_eq!(&cluster(12, &turned, forbids).of, &found.of);
            for (p, q) in &apart {
                prop_assert_ne!(found.of[*p], found.of[*q]);
            }
        }
    }
}
