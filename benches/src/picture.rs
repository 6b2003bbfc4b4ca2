//! Sizes as a picture (SVG): a bar for each pair, as long as Smidgen's package beside the smallest of any other tool.

use std::fmt::Write as _;

use smidgen::peers::units::thousands;

/// Height of a line, where bars begin, and how long a bar is where both packages have the same size.
const LINE: usize = 18;
const LEFT: f64 = 290.0;
const EQUAL: f64 = 300.0;
/// Bars are cut off here; the numbers beside them are not.
const LONGEST: f64 = 1.2;
/// In means, smaller packages count as this: of a few bytes, the digests in a header are most.
pub const LEAST: u64 = 256;
const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #1b1e23 } .class { font-weight: 600 } .ground { fill: #fff }
.bar { fill: #d0104c } .equal { stroke: #6b7280; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) { text { fill: #e6e9ed } .ground { fill: #14171b } .bar { fill: #ff5c8a } }";

/// A pair: the bytes of Smidgen's package, and of the smallest that any other tool made.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What the pair is called.
    pub pair: String,
    /// Bytes of Smidgen's package.
    pub ours: u64,
    /// Bytes of the best other one.
    pub other: u64,
}

impl Bar {
    /// Smidgen's package beside the other.
    pub fn ratio(&self) -> f64 {
        self.ours as f64 / self.other.max(1) as f64
    }
}

/// Geometric mean of the ratios.
pub fn mean(bars: &[Bar]) -> f64 {
    let ratio = |bar: &Bar| (bar.ours.max(LEAST) as f64 / bar.other.max(LEAST) as f64).ln();
    (bars.iter().map(ratio).sum::<f64>() / bars.len() as f64).exp()
}

/// The picture of some classes of pairs.
pub fn svg(classes: &[(&str, Vec<Bar>)]) -> String {
    let lines = 1 + classes.iter().map(|(_, bars)| bars.len() + 2).sum::<usize>();
    let (height, equal, numbers) = (lines * LINE, LEFT + EQUAL, LEFT + EQUAL * LONGEST + 8.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 820 {height}\" role=\"img\">\n\
         <title>Packages of Smidgen beside the smallest of any other tool</title>\n<style>\n{STYLE}\n</style>\n\
         <rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n\
         <text x=\"{equal}\" y=\"14\" text-anchor=\"middle\">smallest of any other tool</text>\n\
         <text x=\"{numbers}\" y=\"36\">bytes: Smidgen : other</text>\n\
         <path class=\"equal\" d=\"M{equal} 20V{height}\"/>\n"
    );
    let mut y = 0;
    for (class, bars) in classes {
        y += 2 * LINE;
        let (class, mean) = (escaped(class), mean(bars));
        let _ =
            writeln!(svg, "<text class=\"class\" x=\"10\" y=\"{y}\">{class}: {mean:.2} in the mean</text>");
        for bar in bars {
            y += LINE;
            let (pair, length) = (escaped(&bar.pair), EQUAL * bar.ratio().min(LONGEST));
            let [ours, other] = [bar.ours, bar.other].map(thousands);
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{pair}</text>\
                 <rect class=\"bar\" x=\"{LEFT}\" y=\"{}\" width=\"{length:.1}\" height=\"12\"/>\
                 <text x=\"{numbers}\" y=\"{y}\">{ours} : {other}</text>",
                LEFT - 8.0,
                y - 10
            );
        }
    }
    svg + "</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_the_ratio_and_numbers_beside_them_exact() {
        let bar = |ours, other| Bar { pair: "<one>".to_owned(), ours, other };
        let svg = svg(&[("a & b", vec![bar(1000, 4000), bar(9000, 1000)])]);
        assert!(svg.contains("a &amp; b: 1.50 in the mean") && svg.contains(">&lt;one></text>"), "{svg}");
        assert!(svg.contains("width=\"75.0\"") && svg.contains("width=\"360.0\""), "{svg}");
        assert!(svg.contains(">1,000 : 4,000<") && svg.contains(">9,000 : 1,000<"));
        assert!((mean(&[bar(10, 200), bar(512, 256)]) - 2f64.sqrt()).abs() < 1e-9);
    }
}
