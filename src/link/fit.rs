//! Logistic regression over indicator levels: how household and context bits are fitted from labelled pairs.

/// One labelled pair: the positions of the indicators that are on, the answer, how often it counts.
#[derive(Clone, Debug)]
pub struct Example {
    /// Indicators that are on.
    pub on: Vec<usize>,
    /// One household (or person).
    pub is_match: bool,
    /// Weight, usually 1.
    pub weight: f64,
}

/// Fitted log-odds (natural logarithm): the intercept and one value per indicator.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Log-odds where nothing is on.
    pub intercept: f64,
    /// Log-odds of each indicator.
    pub values: Vec<f64>,
}

/// Maximum likelihood with a ridge penalty (half `ridge` times the sum of squares, intercept free) by Newton
/// steps. The penalty makes the indicators of one comparison, which sum to one, identifiable.
pub fn fit_logistic(examples: &[Example], indicators: usize, ridge: f64) -> Fit {
    let size = indicators + 1;
    let mut beta = vec![0.0; size];
    for _ in 0..60 {
        let (gradient, hessian) = derivatives(examples, &beta, ridge);
        let step = solve(hessian, gradient);
        let longest = step.iter().fold(0.0_f64, |acc, s| acc.max(s.abs()));
        let scale = if longest > 3.0 { 3.0 / longest } else { 1.0 };
        for (b, s) in beta.iter_mut().zip(&step) {
            *b += s * scale;
        }
        if longest < 1e-7 {
            break;
        }
    }
    let intercept = beta.pop().unwrap_or(0.0);
    Fit { intercept, values: beta }
}

impl Fit {
    /// Log-odds of an example.
    pub fn log_odds(&self, on: &[usize]) -> f64 {
        self.intercept + on.iter().map(|i| self.values[*i]).sum::<f64>()
    }
}

/// Gradient of the log-likelihood and the negated Hessian (row-major), the intercept last.
fn derivatives(examples: &[Example], beta: &[f64], ridge: f64) -> (Vec<f64>, Vec<f64>) {
    let size = beta.len();
    let last = size - 1;
    let mut gradient: Vec<f64> = beta.iter().map(|b| -ridge * b).collect();
    gradient[last] = -1e-6 * beta[last];
    let mut hessian = vec![0.0; size * size];
    for i in 0..size {
        hessian[i * size + i] = if i == last { 1e-6 } else { ridge };
    }
    let mut on = Vec::new();
    for example in examples {
        on.clear();
        on.extend_from_slice(&example.on);
        on.push(last);
        let log_odds: f64 = on.iter().map(|i| beta[*i]).sum();
        let p = 1.0 / (1.0 + (-log_odds).exp());
        let residual = example.weight * (f64::from(u8::from(example.is_match)) - p);
        let curvature = example.weight * (p * (1.0 - p)).max(1e-12);
        for i in &on {
            gradient[*i] += residual;
            for j in &on {
                hessian[i * size + j] += curvature;
            }
        }
    }
    (gradient, hessian)
}

/// Solves a symmetric positive definite system by Cholesky factors, in place.
fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for j in 0..n {
        for i in j..n {
            let dot: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            let value = a[i * n + j] - dot;
            a[i * n + j] = if i == j { value.max(1e-12).sqrt() } else { value / a[j * n + j] };
        }
    }
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| a[i * n + k] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| a[k * n + i] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i * n + i];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    #[test]
    fn known_log_odds_are_recovered() {
        let truth = Fit { intercept: -1.0, values: vec![2.0, -1.5, 0.7] };
        let mut rng = StdRng::seed_from_u64(11);
        let examples: Vec<Example> = (0..40_000)
            .map(|_| {
                let on: Vec<usize> = (0..3).filter(|_| rng.random_bool(0.5)).collect();
                let p = 1.0 / (1.0 + (-truth.log_odds(&on)).exp());
                Example { on, is_match: rng.random_bool(p), weight: 1.0 }
            })
            .collect();
        let fit = fit_logistic(&examples, 3, 1e-3);
        for (found, want) in
            fit.values.iter().chain([&fit.intercept]).zip(truth.values.iter().chain([&truth.intercept]))
        {
            assert!((found - want).abs() < 0.1, "{fit:?}");
        }
    }

    #[test]
    fn separated_data_stay_finite() {
        let examples: Vec<Example> =
            (0..10).map(|i| Example { on: vec![i % 2], is_match: i % 2 == 0, weight: 1.0 }).collect();
        let fit = fit_logistic(&examples, 2, 0.1);
        assert!(fit.values.iter().all(|v| v.abs() < 20.0));
        assert!(fit.values[0] > fit.values[1]);
    }
}
