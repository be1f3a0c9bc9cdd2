// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/kernel/bit_pictures.hpp>

using namespace upset;
using upset::test::Values;

namespace {

struct Case {
  WindowGeometry geometry;
  std::size_t channels;
};

const Case cases[] = {
    {WindowGeometry::square(3, 1, 1), 64},
    {WindowGeometry::square(2, 2), 32},
    {WindowGeometry::square(1), 1},
    {WindowGeometry::square(3, 2, 2), 33},
    {{.kernel_height = 2,
      .kernel_width = 3,
      .pad_top = 1,
      .pad_right = 2,
      .dilation = 2,
      .groups = 3},
     3 * 40},
    {{.kernel_height = 3, .kernel_width = 2, .pad_left = 1, .groups = 7, .input_dilation = 2}, 7},
};

constexpr std::size_t height = 5;
constexpr std::size_t width = 4;

// Compares what each window of each picture reads in every bit with the codes of the pixels, found
// by the definition of a convolution. `codes` [B, H, W, C].
template <Format A>
std::size_t wrong_bits(const Case& c, const BitPictures<A>& pictures,
                       const std::vector<typename A::code_type>& codes) {
  const WindowGeometry& g = c.geometry;
  const std::size_t inner = c.channels / g.groups;
  const std::size_t words = (inner + 31) / 32;
  const Window window(g, height, width, c.channels);
  const std::size_t batch = codes.size() / (height * width * c.channels);
  std::size_t wrong = pictures.windows() == window.output_pixels() ? 0 : 1;
  for (std::size_t group = 0; group < g.groups; ++group) {
    const auto offsets = pictures.offsets(group);
    wrong += offsets.size() == g.taps() * words ? 0U : 1U;
    for (std::size_t m = 0; m < batch * pictures.windows(); ++m) {
      const std::size_t pixel = m % pictures.windows();
      const std::size_t base = pictures.bases()[m];
      for (std::size_t tap = 0; tap < g.taps(); ++tap) {
        const auto place = [&](std::size_t Steps::*axis, std::size_t out, std::size_t t,
                               std::size_t before, std::size_t extent) {
          const std::size_t at = out * g.stride.*axis + t * g.dilation.*axis;
          const std::size_t gap = g.input_dilation.*axis;
          const bool is_real =
              at >= before && (at - before) % gap == 0 && (at - before) / gap < extent;
          return is_real ? (at - before) / gap : extent;
        };
        const std::size_t y = place(&Steps::rows, pixel / window.output_width(),
                                    tap / g.kernel_width, g.pad_top, height);
        const std::size_t x = place(&Steps::columns, pixel % window.output_width(),
                                    tap % g.kernel_width, g.pad_left, width);
        const bool is_real = y < height && x < width;
        const std::size_t row = pictures.real_rows().pattern_of[pixel / window.output_width()];
        const std::size_t column =
            pictures.real_columns().pattern_of[pixel % window.output_width()];
        const bool found_real = pictures.real_rows().is_real(row, tap / g.kernel_width) &&
                                pictures.real_columns().is_real(column, tap % g.kernel_width);
        wrong += found_real == is_real ? 0U : 1U;
        for (std::size_t bit = 0; bit < 32 * words; ++bit) {
          const std::size_t offset = offsets[tap * words + bit / 32];
          const bool counts = is_real && bit < inner;
          for (std::size_t plane = 0; plane < sign_planes<A>; ++plane) {
            const bool found = (pictures.plane(plane)[base + offset] >> bit % 32 & 1U) != 0;
            bool right = false;  // words are filled up with zeros
            if (counts) {
              const std::size_t element =
                  ((m / pictures.windows() * height + y) * width + x) * c.channels + group * inner +
                  bit;
              right = (codes[element] >> (sign_planes<A> - 1 - plane) & 1U) != 0;
            }
            wrong += found == right ? 0U : 1U;
          }
        }
      }
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("sign_planes: of formats that are sums of signs, guarded or not") {
  CHECK(sign_planes<Binary> == 1);
  CHECK(sign_planes<ParityGuarded<Binary, std::uint64_t>> == 1);
  CHECK(sign_planes<MultiLevelBinary<3>> == 3);
  CHECK(sign_planes<Triplicated<MultiLevelBinary<2>>> == 2);
  CHECK(sign_planes<Float32> == 0);
  CHECK(sign_planes<Mono<8>> == 0);
}

TEST_CASE_TEMPLATE("BitPictures: every window reads the signs of its pixels", A, Binary,
                   MultiLevelBinary<2>, MultiLevelBinary<4>, ParityGuarded<Binary, std::uint64_t>) {
  for (const Case& c : cases) {
    CAPTURE(c.channels);
    const Tensor x = Values(1).uniform({3, height, width, c.channels}, -1, 1);
    const auto scale = A::fit(x.values());
    BitPictures<A> pictures(c.geometry, height, width, c.channels, 3);
    std::vector<typename A::code_type> codes;
    for (std::size_t b = 0; b < 3; ++b) {
      if (b == 1 || !is_plain<A>) {  // from memory with a flip in it
        Memory<A> memory(x.row(b), {scale});
        memory.flip(memory.layout().code_bits() - 1);
        pictures.write(b, memory);
        memory.read([&](std::size_t, typename A::code_type code, const typename A::Scale&) {
          codes.push_back(code);
        });
      } else {
        pictures.write(b, x.row(b), scale);
        for (const float value : x.row(b)) {
          codes.push_back(A::encode(value, scale));
        }
      }
    }
    CHECK(wrong_bits(c, pictures, codes) == 0);
  }
}

TEST_CASE("BitPictures: signs of zeros and of what is no number are those of the format") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> x(40, 1.0F);
  x[0] = -0.0F;
  x[1] = nan;
  x[2] = -nan;
  x[3] = -infinity;
  x[35] = -1e-45F;
  BitPictures<Binary> pictures(WindowGeometry{}, 1, 1, 40, 1);
  pictures.write(0, x, {});
  CHECK(pictures.plane(0)[0] == 0xFFFF'FFF7U);
  CHECK(pictures.plane(0)[1] == 0xF7U);
}
