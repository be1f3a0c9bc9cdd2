// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <utility>
#include <vector>

#include "onnx_round_trip.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

using namespace upset;
using namespace upset::test;

namespace {

Network resized_network(std::size_t height, std::size_t width, const Sampling& sampling) {
  Network net({4, 3, 2});
  net.add("resize", Resize(height, width, sampling));
  return net;
}

Network transposed_network(const WindowGeometry& geometry, std::size_t more_rows = 0,
                           std::size_t more_columns = 0) {
  Network net({4, 3, 2 * geometry.groups});
  net.add("up", Conv2d<>::zeros(2 * geometry.groups, 3 * geometry.groups,
                                transposed(geometry, more_rows, more_columns)));
  return net;
}

}  // namespace

TEST_CASE("ONNX: transposed convolutions come back as they were, as ConvTranspose") {
  const Network plain = transposed_network(WindowGeometry::square(2, 2));
  CHECK(exported_operators(plain) == std::vector<std::string>{"ConvTranspose"});
  check_round_trip(plain);
  check_round_trip(transposed_network(WindowGeometry::square(3, 2, 1), 1, 1));
  WindowGeometry uneven{.kernel_height = 3,
                        .kernel_width = 4,
                        .stride = {3, 2},
                        .pad_top = 2,
                        .pad_left = 1,
                        .pad_right = 3,
                        .dilation = {2, 1}};
  check_round_trip(transposed_network(uneven, 2, 0));
  uneven.groups = 2;
  check_round_trip(transposed_network(uneven));
}

TEST_CASE("ONNX: a transposed convolution that no ConvTranspose is, is refused") {
  WindowGeometry both = WindowGeometry::square(3, 2);
  both.input_dilation = 2;
  WindowGeometry wide = WindowGeometry::square(2);
  wide.input_dilation = 2;
  wide.pad_top = 2;  // a row of nothing but bias
  for (const WindowGeometry& geometry : {both, wide}) {
    Network net({4, 4, 1});
    net.add("up", Conv2d<>::zeros(1, 1, geometry));
    CHECK(contains(complaint([&] { static_cast<void>(onnx_bytes(net)); }), "Layer up, Conv2d"));
  }
}

TEST_CASE("ONNX: pictures of another size come back as they were, by sizes and by scales") {
  for (const Coordinates coordinates : {Coordinates::half_pixel, Coordinates::pytorch_half_pixel,
                                        Coordinates::align_corners, Coordinates::asymmetric}) {
    check_round_trip(resized_network(7, 5, {Interpolation::bilinear, coordinates}));
    for (const Nearest nearest :
         {Nearest::ties_down, Nearest::ties_up, Nearest::down, Nearest::up}) {
      check_round_trip(resized_network(6, 2, {Interpolation::nearest, coordinates, nearest}));
    }
  }
  const Sampling scaled{
      .interpolation = Interpolation::bilinear, .scale_height = 1.625, .scale_width = 0.75};
  check_round_trip(resized_network(6, 2, scaled));
  CHECK(contains(complaint([&] { static_cast<void>(onnx_bytes(resized_network(7, 2, scaled))); }),
                 "Layer resize, Resize"));
}

TEST_CASE("ONNX: the sizes of an exported picture leave its batch open") {
  const Network net = resized_network(7, 5, {});
  CHECK(exported_operators(net) == std::vector<std::string>{"Shape", "Slice", "Concat", "Resize"});
}
