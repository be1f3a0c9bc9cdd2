// SPDX-License-Identifier: BSL-1.0
/// U-Net, which gives every pixel a class, in any format.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <upset/nn/activation.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/model/builder.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/transposed_conv2d.hpp>

namespace upset {

/// `levels` times down and up again: two 3x3 convolutions, each with a batch norm and `activation`,
/// and a pool of 2x2 on each level; twice as many channels on the next; as many again at the
/// bottom; then on each level a transposed 2x2 convolution of stride 2, joined with what that level
/// had, and two 3x3 convolutions again; at last a 1x1 convolution to `classes`; weights all zero.
/// Layers are named "down0.conv1", "down0.bn1", "base.conv2", "up0.transposed" and "classifier".
///
/// - shape:  x [B, H, W, C] -> scores [B, H, W, classes]; H and W in whole multiples of 2^levels
/// - errors: throws `Error` for other pictures, and for more than 16 levels
/// - source: Ronneberger, Fischer, Brox, U-Net, 2015, padded and with batch norms
template <Format W = Float32, Format A = W>
[[nodiscard]] Network unet(std::size_t levels, std::size_t filters, const Shape& input,
                           std::size_t classes, const AnyLayer& activation = ReLU{}) {
  Network net(input);
  const Shape x = detail::picture_at(net, Network::input);
  if (levels > 16 || (x[0] | x[1]) % (std::size_t{1} << levels) != 0) {
    throw Error("A U-Net of " + std::to_string(levels) +
                " levels takes pictures whose height and width are multiples of 2^levels, not " +
                to_string(x));
  }
  const auto add_pair = [&](const std::string& name, std::size_t from, std::size_t channels) {
    for (const char* const number : {"1", "2"}) {
      detail::add_normed<W, A>(net, name + ".conv" + number, name + ".bn" + number, from, channels,
                               WindowGeometry::square(3, 1, 1), Bias::zeros);
      from = net.add(name + ".activation" + number, activation);
    }
    return from;
  };
  std::size_t from = Network::input;
  std::vector<std::size_t> skipped;
  for (std::size_t level = 0; level < levels; ++level) {
    const std::string name = "down" + std::to_string(level);
    skipped.push_back(add_pair(name, from, filters << level));
    from = net.add(name + ".pool", MaxPool(2));
  }
  from = add_pair("base", from, filters << levels);
  for (std::size_t level = levels; level-- > 0;) {
    const std::string name = "up" + std::to_string(level);
    from = detail::add_conv<W, A>(net, name + ".transposed", from, filters << level,
                                  transposed(WindowGeometry::square(2, 2)));
    from = net.add(name + ".concat", Concatenate{}, {skipped[level], from});
    from = add_pair(name, from, filters << level);
  }
  detail::add_conv<W, A>(net, "classifier", from, classes, WindowGeometry::square(1));
  return net;
}

}  // namespace upset
