// SPDX-License-Identifier: BSL-1.0
/// First values of the kernels of a network.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include <upset/core/random.hpp>
#include <upset/nn/network.hpp>

namespace upset {

namespace detail {

/// The stream of a seed that first values are drawn from; training uses the ones after it, so that
/// no two uses of a seed share a draw.
inline constexpr std::uint64_t initial_stream = 0x74726169'00000000U;

}  // namespace detail

/// How wide the first values of a kernel spread; both are uniform on +-bound, which takes nothing
/// but a square root and so is the same on every machine.
enum class Spread : std::uint8_t {
  he,      ///< bound sqrt(6 / fan_in): layers followed by ReLU
  glorot,  ///< bound sqrt(6 / (fan_in + fan_out)): layers followed by tanh, sigmoid or a sign
};

/// Draws every kernel of a network and writes its memory images; biases and the parameters of norms
/// stay as they were made.
///
/// - shape:  fan_in of a kernel [O, Ky, Kx, I / groups] is the product of all extents but the
/// first,
///           fan_out that of all but the last
/// - errors: throws `Error` for a layer whose kernel scale is learnt: that scale has to fit the
///           kernel, which `convert` does for a network initialised in float
/// - source: He, Zhang, Ren, Sun, Delving Deep into Rectifiers, 2015, eq. 10; Glorot, Bengio,
///           Understanding the difficulty of training deep feedforward neural networks, 2010, eq.
///           16
///
/// Kernel p of the network depends on (seed, p) alone.
inline void initialize(Network& network, std::uint64_t seed, Spread spread = Spread::he) {
  const std::vector<Parameter> parameters = network.parameters();
  for (const Parameter& parameter : parameters) {
    if (parameter.name.ends_with("kernel_scale")) {
      throw Error("Parameter " + parameter.name +
                  " would not fit a new kernel; initialise the network in float and convert it");
    }
  }
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    Tensor& kernel = *parameters[p].value;
    const Shape& shape = kernel.shape();
    if (shape.rank() < 2 || kernel.size() == 0) {
      continue;
    }
    const std::size_t fan_in = kernel.size() / shape[0];
    const std::size_t fan_out = kernel.size() / shape[shape.rank() - 1];
    const std::size_t fan = spread == Spread::he ? fan_in : fan_in + fan_out;
    const double bound = std::sqrt(6.0 / static_cast<double>(fan));
    Random random(seed, detail::initial_stream, p);
    for (float& value : kernel.values()) {
      value = static_cast<float>(bound * (2 * random.uniform_double() - 1));
    }
  }
  network.encode();
}

}  // namespace upset
