// SPDX-License-Identifier: BSL-1.0
/// Activation scales from the values a float network computes for sample pictures.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <upset/nn/network.hpp>
#include <upset/pass/value_histogram.hpp>

namespace upset {

/// Which range of values an activation's format has to cover; what lies outside saturates.
enum class RangeMethod : std::uint8_t {
  min_max,       ///< all of them
  percentile,    ///< all but a share at either end
  least_square,  ///< the one with the least mean squared error of rounding and saturating to
                 ///< 2^width values of equal distance; formats of signs (`Mono`) are given all
                 ///< values, since their factors minimise the error of their own levels
};

struct CalibrationOptions {
  RangeMethod method = RangeMethod::min_max;
  double outside = 1e-4;  ///< share left out at either end by `percentile`, below a half
};

namespace detail {

/// Calls `use(x, values)` with parts of the pictures and what every node makes of them: as many
/// pictures at once as keep the values of all nodes within 64 MiB.
template <class Use>
void for_each_part(const Network& network, const Tensor& pictures, Use use) {
  std::size_t values = 1;
  for (const Network::Node& node : network.nodes()) {
    values += node.shape.size();
  }
  const std::size_t most = std::max<std::size_t>(1, (std::size_t{1} << 24) / values);
  for (std::size_t first = 0; first < pictures.batch(); first += most) {
    const Tensor x = pictures.rows(first, std::min(most, pictures.batch() - first));
    use(x, network.forward_all(x));
  }
}

/// Throws `Error` unless the two networks have the same nodes.
inline void expect_same_graph(const Network& network, const Network& real) {
  for (std::size_t n = 0; n < std::max(network.size(), real.size()); ++n) {
    if (n >= network.size() || n >= real.size() ||
        network.nodes()[n].name != real.nodes()[n].name ||
        network.nodes()[n].inputs != real.nodes()[n].inputs) {
      throw Error("The float network to compare with has another graph from layer " +
                  (n < real.size() ? real.nodes()[n].name : network.nodes()[n].name) +
                  " on; take the one that was converted");
    }
  }
}

/// The ends, both times a factor of 1 % to 100 %, that lose least on a grid of `steps` steps.
[[nodiscard]] inline std::pair<double, double> least_square_range(const ValueHistogram& histogram,
                                                                  double steps) {
  double least = std::numeric_limits<double>::infinity();
  std::pair<double, double> best;
  for (int percent = 100; percent > 0; --percent) {
    const double low = std::min(0.0, histogram.low()) * percent / 100;
    const double high = std::max(0.0, histogram.high()) * percent / 100;
    const double step = high > low ? (high - low) / steps : 1;
    double error = 0;
    histogram.for_each([&](double value, double count) {
      const double rounded = std::clamp(std::nearbyint(value / step) * step, low, high);
      error += count * (value - rounded) * (value - rounded);
    });
    if (error < least) {
      least = error;
      best = {low, high};
    }
  }
  return best;
}

/// Values that stand for those of the histogram, moved to the ends of the range where they lie
/// beyond: the ends and 4096 quantiles.
[[nodiscard]] inline Tensor representatives(const ValueHistogram& histogram, double low,
                                            double high) {
  constexpr std::size_t count = 4096;
  Tensor values({1, count + 2});
  const double part = static_cast<double>(histogram.count()) / count;
  std::size_t next = 0;
  double counted = 0;
  histogram.for_each([&](double value, double more) {
    counted += more;
    for (; next < count && (static_cast<double>(next) + 0.5) * part < counted; ++next) {
      values[next] = static_cast<float>(std::clamp(value, low, high));
    }
  });
  values[count] = static_cast<float>(low);
  values[count + 1] = static_cast<float>(high);
  return values;
}

}  // namespace detail

/// Gives every layer of `network` that has an activation scale the one that fits what this layer
/// reads in `real`, the float network it was converted from. Unlike `Network::calibrate` it takes
/// as many pictures as there are: values are counted, not kept.
///
/// - shape:  `pictures` [B, input_shape]
/// - errors: throws `Error` for networks of different graphs, without pictures, and for a share
///           outside [0, 0.5)
/// - cost:   one float inference of the pictures; 128 KiB a layer
/// - source: Nagel et al., A White Paper on Neural Network Quantization, 2021, section 3.1, for
///           the methods
inline void calibrate(Network& network, const Network& real, const Tensor& pictures,
                      const CalibrationOptions& options = {}) {
  detail::expect_same_graph(network, real);
  if (pictures.size() == 0) {
    throw Error("Calibration needs one picture at least");
  }
  if (!(options.outside >= 0 && options.outside < 0.5)) {
    throw Error("Calibration cannot leave out a share of " + std::to_string(options.outside) +
                " at either end; give one of at least 0 and below 0.5, as 1e-4");
  }
  struct Reader {
    std::size_t node;
    int width;         // of a value in memory
    bool has_factors;  // its scale is made of them: `fit` minimises the error itself
    ValueHistogram values{};
  };
  std::vector<Reader> readers;
  for (std::size_t n = 0; n < network.size(); ++n) {
    for (const NamedImage& named : network.layer(n).images()) {
      if (named.name == "input_scale") {
        const bool has_factors = std::ranges::any_of(
            network.layer(n).parameters(),
            [](const Parameter& parameter) { return parameter.name == "input_scale"; });
        readers.push_back({n, named.image->layout().element_bits, has_factors});
      }
    }
  }
  detail::for_each_part(real, pictures, [&](const Tensor& x, const std::vector<Tensor>& values) {
    for (Reader& reader : readers) {
      const std::size_t from = real.nodes()[reader.node].inputs[0];
      reader.values.add((from == Network::input ? x : values[from]).values());
    }
  });
  for (const Reader& reader : readers) {
    std::pair<double, double> range{reader.values.low(), reader.values.high()};
    if (options.method == RangeMethod::percentile) {
      range = {reader.values.quantile(options.outside),
               reader.values.quantile(1 - options.outside)};
    } else if (options.method == RangeMethod::least_square && !reader.has_factors) {
      range = detail::least_square_range(reader.values, std::exp2(reader.width) - 1);
    }
    const Tensor values = detail::representatives(reader.values, range.first, range.second);
    const Tensor* const only = &values;
    network.layer(reader.node).calibrate({&only, 1});
    network.layer(reader.node).encode();
  }
}

}  // namespace upset
