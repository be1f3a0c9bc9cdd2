// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/core/random.hpp>
#include <upset/io/picture.hpp>

using namespace upset;

namespace {

Picture random_picture(std::size_t height, std::size_t width, std::size_t channels) {
  Picture picture{height, width, channels, {}};
  Random random(7, 1);
  for (std::size_t i = 0; i < height * width * channels; ++i) {
    picture.pixels.push_back(static_cast<std::uint8_t>(random.uniform_below(256)));
  }
  return picture;
}

/// The mean of `from` under the product of two weights, over every pixel there is.
template <class Weight>
double mean_at(const Picture& from, const Picture& to, std::size_t y, std::size_t x, std::size_t c,
               Weight weight) {
  double sum = 0;
  double all = 0;
  for (std::size_t v = 0; v < from.height; ++v) {
    for (std::size_t u = 0; u < from.width; ++u) {
      const double w = weight(v, y, from.height, to.height) * weight(u, x, from.width, to.width);
      sum += w * from.pixels[(v * from.width + u) * from.channels + c];
      all += w;
    }
  }
  return sum / all;
}

double triangle(std::size_t source, std::size_t target, std::size_t from, std::size_t to) {
  const double step = static_cast<double>(from) / static_cast<double>(to);
  const double distance =
      (static_cast<double>(target) + 0.5) * step - (static_cast<double>(source) + 0.5);
  return std::fmax(0.0, 1 - std::fabs(distance) / std::fmax(step, 1.0));
}

double covered(std::size_t source, std::size_t target, std::size_t from, std::size_t to) {
  const double step = static_cast<double>(from) / static_cast<double>(to);
  const auto i = static_cast<double>(target);
  const auto j = static_cast<double>(source);
  return std::fmax(0.0, std::fmin(j + 1, (i + 1) * step) - std::fmax(j, i * step));
}

}  // namespace

TEST_CASE("resize: the weighted mean over the whole picture, within the rounding of a level") {
  const Picture from = random_picture(17, 11, 3);
  for (const auto& extents : {std::pair{8U, 5U}, {17U, 11U}, {5U, 30U}, {40U, 3U}, {1U, 1U}}) {
    const std::size_t height = extents.first;
    CAPTURE(height);
    for (const Resampling resampling : {Resampling::bilinear, Resampling::area}) {
      const Picture to = resize(from, height, extents.second, resampling);
      double largest = 0;
      for (std::size_t i = 0; i < to.pixels.size(); ++i) {
        const std::size_t y = i / 3 / to.width;
        const double mean = mean_at(from, to, y, i / 3 % to.width, i % 3,
                                    resampling == Resampling::bilinear ? triangle : covered);
        largest = std::max(largest, std::fabs(to.pixels[i] - mean));
      }
      CHECK(to.pixels.size() == 3 * height * extents.second);
      CHECK(largest <= 0.5 + 1e-9);
    }
  }
}

TEST_CASE("resize: halves by area are rounded up, one size is no change") {
  const Picture four{2, 2, 1, {0, 1, 1, 0}};  // mean 1/2
  CHECK(resize(four, 1, 1, Resampling::area).pixels == Bytes{1});
  const Picture three{1, 3, 1, {10, 20, 40}};  // 4 pixels would cover 3/4 each
  CHECK(resize(three, 1, 2, Resampling::area).pixels == Bytes{13, 33});  // 40/3, 100/3
  const Picture from = random_picture(5, 4, 3);
  CHECK(resize(from, 5, 4) == from);
  CHECK(resize(from, 5, 4, Resampling::area) == from);
}

// The middle one by symmetry; the first is that of weights 11, 15, 9, 3 under a triangle of
// 8/3 to both sides, 210/19.
TEST_CASE("resize: a ramp of eight pixels in three") {
  const Picture row{1, 8, 1, {0, 10, 20, 30, 40, 50, 60, 70}};
  const Bytes to = resize(row, 1, 3).pixels;
  CHECK(to == Bytes{11, 35, 59});
}

TEST_CASE("resize_shorter_side, centre_crop: sizes, and which pixels stay") {
  const Picture from = random_picture(20, 31, 3);
  CHECK(resize_shorter_side(from, 10).height == 10);
  CHECK(resize_shorter_side(from, 10).width == 15);
  const Picture crop = centre_crop({3, 4, 1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}, 2, 2);
  CHECK(crop.pixels == Bytes{1, 2, 5, 6});
  CHECK(
      contains(complaint([&] { (void)centre_crop(from, 21, 3); }), "20 x 31 pixels has no 21 x 3"));
  CHECK(contains(complaint([] { (void)resize({}, 3, 3); }), "a pixel at least"));
  const Picture pixel = random_picture(1, 1, 3);
  CHECK(resize(pixel, 1, 16384).width == 16384);
  CHECK(contains(complaint([&] { (void)resize(pixel, 1, 16385); }), "sides have at most 16384"));
  CHECK(contains(complaint([&] { (void)resize_shorter_side(from, std::size_t{1} << 62); }),
                 "sides have at most 16384"));
}
