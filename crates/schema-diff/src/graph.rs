//! Order of nodes by their edges; among those that may come next, the smallest comes first.

use std::collections::{BTreeMap, BTreeSet};

/// Nodes with the edges between them.
#[derive(Debug)]
pub(crate) struct Graph<N> {
    after: BTreeMap<N, BTreeSet<N>>,
    waits: BTreeMap<N, usize>,
}

impl<N: Ord + Clone> Graph<N> {
    /// Makes a graph without edges.
    pub(crate) fn new(nodes: impl IntoIterator<Item = N>) -> Graph<N> {
        let waits = nodes.into_iter().map(|node| (node, 0)).collect();
        Graph { after: BTreeMap::new(), waits }
    }

    /// Demands that one node comes before another, if both exist.
    pub(crate) fn before(&mut self, first: &N, second: &N) {
        if first == second || !self.waits.contains_key(first) || !self.waits.contains_key(second) {
            return;
        }
        if self.after.entry(first.clone()).or_default().insert(second.clone()) {
            *self.waits.entry(second.clone()).or_default() += 1;
        }
    }

    /// Returns the nodes in order.
    ///
    /// # Errors
    /// With the nodes of which each waits for another one.
    pub(crate) fn ordered(mut self) -> Result<Vec<N>, Vec<N>> {
        let mut free: BTreeSet<N> =
            self.waits.iter().filter(|(_, n)| **n == 0).map(|(node, _)| node.clone()).collect();
        let mut all = Vec::with_capacity(self.waits.len());
        while let Some(node) = free.pop_first() {
            self.waits.remove(&node);
            for later in self.after.remove(&node).unwrap_or_default() {
                if let Some(waits) = self.waits.get_mut(&later) {
                    *waits -= 1;
                    if *waits == 0 {
                        free.insert(later);
                    }
                }
            }
            all.push(node);
        }
        if self.waits.is_empty() { Ok(all) } else { Err(self.waits.into_keys().collect()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_override_the_order_of_nodes_and_a_cycle_is_reported() {
        let mut graph = Graph::new([1, 2, 3, 4]);
        graph.before(&3, &1);
        graph.before(&3, &9);
        assert_eq!(graph.ordered(), Ok(vec![2, 3, 1, 4]));
        let mut circle = Graph::new([1, 2, 3]);
        circle.before(&1, &2);
        circle.before(&2, &1);
        assert_eq!(circle.ordered(), Err(vec![1, 2]));
    }
}
