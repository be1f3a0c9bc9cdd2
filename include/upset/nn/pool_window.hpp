// SPDX-License-Identifier: BSL-1.0
/// The walk over windows of a picture that all pools share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/window.hpp>
#include <upset/nn/layer.hpp>

namespace upset {

/// `geometry` with as much more padding at bottom and right as the last windows need that begin on
/// the picture of `height` and `width` or on the padding before it: what is called ceil mode.
[[nodiscard]] constexpr WindowGeometry rounded_up(WindowGeometry geometry, std::size_t height,
                                                  std::size_t width) {
  const auto extend = [&](std::size_t Steps::*axis, std::size_t extent, std::size_t taps,
                          std::size_t before, std::size_t& after) {
    const std::size_t stride = geometry.stride.*axis;
    const std::size_t reach = (taps - 1) * geometry.dilation.*axis + 1;
    const std::size_t padded = before + extent + after;
    std::size_t last = (padded - std::min(reach, padded) + stride - 1) / stride * stride;
    last -= last >= before + extent ? stride : 0;
    after += last + reach > padded ? last + reach - padded : 0;
  };
  extend(&Steps::rows, height, geometry.kernel_height, geometry.pad_top, geometry.pad_bottom);
  extend(&Steps::columns, width, geometry.kernel_width, geometry.pad_left, geometry.pad_right);
  return geometry;
}

namespace detail {

/// Output extent along one axis and the real pixels each output sees.
class PoolAxis {
 public:
  PoolAxis(std::size_t extent, std::size_t taps, std::size_t stride, std::size_t before,
           std::size_t dilation)
      : extent_(extent), taps_(taps), stride_(stride), before_(before), dilation_(dilation) {}

  /// Calls `use(pixel)` for the pixels in the window of output `index` that are no padding.
  template <class Use>
  void for_each(std::size_t index, Use use) const {
    for (std::size_t tap = 0; tap < taps_; ++tap) {
      const std::size_t padded = index * stride_ + tap * dilation_;
      if (padded >= before_ && padded - before_ < extent_) {
        use(padded - before_);
      }
    }
  }
  [[nodiscard]] bool sees_pixels(std::size_t index) const {
    bool any = false;
    for_each(index, [&](std::size_t) { any = true; });
    return any;
  }

 private:
  std::size_t extent_;
  std::size_t taps_;
  std::size_t stride_;
  std::size_t before_;
  std::size_t dilation_;
};

/// What the two window pools share: their geometry, checked, and walks over it.
class WindowPool : public Stateless {
 public:
  explicit WindowPool(const WindowGeometry& geometry) : geometry_(geometry) {
    if (geometry.groups != 1 || geometry.input_dilation != 1 || geometry.taps() == 0 ||
        geometry.stride.rows == 0 || geometry.stride.columns == 0) {
      throw Error(
          "A pool takes a geometry without groups and without input dilation, with a window and a "
          "stride of one pixel at least");
    }
  }
  /// Square windows side by side: H' = H / size, rounded down.
  explicit WindowPool(std::size_t size) : WindowPool(size, size) {}
  WindowPool(std::size_t size, Steps stride) : WindowPool(WindowGeometry::square(size, stride)) {}

  [[nodiscard]] const WindowGeometry& geometry() const { return geometry_; }

 protected:
  [[nodiscard]] Shape pooled_shape(InputShapes shapes, const std::string& kind) const {
    const Shape& x = single_input(shapes, kind);
    if (x.rank() != 3) {
      throw Error(kind + " takes pictures [H, W, C], not " + to_string(x));
    }
    const Window window(geometry_, x[0], x[1], x[2]);
    const Shape y{window.output_height(), window.output_width(), x[2]};
    for (std::size_t index = 0; index < std::max(y[0], y[1]); ++index) {
      if ((index < y[0] && !rows(x[0]).sees_pixels(index)) ||
          (index < y[1] && !columns(x[1]).sees_pixels(index))) {
        throw Error(kind + " has a window that sees nothing but padding of a picture " +
                    to_string(x) + "; give it less padding");
      }
    }
    return y;
  }

  /// Where the real pixels lie that the windows of one output row or column see.
  using Taps = AlignedVector<AlignedVector<std::size_t>>;
  [[nodiscard]] Taps row_taps(const Shape& x, const Shape& y) const {
    return taps_of(rows(x[1]), y[1], x[2] * x[3]);
  }
  [[nodiscard]] Taps column_taps(const Shape& x, const Shape& y) const {
    return taps_of(columns(x[2]), y[2], x[3]);
  }

  /// Calls `use(to, taps)` for each output pixel: where its C channels start, and where those of
  /// the real pixels of its window do, ascending. x [B, H, W, C], y [B, H', W', C]
  template <class Use>
  void walk(const Shape& x, const Shape& y, Use use) const {
    const Taps from_rows = row_taps(x, y);
    const Taps from_columns = column_taps(x, y);
    AlignedVector<std::size_t> taps(geometry_.taps());
    std::size_t to = 0;
    for (std::size_t b = 0; b < x[0]; ++b) {
      const std::size_t picture = b * x[1] * x[2] * x[3];
      for (const auto& from_row : from_rows) {
        for (const auto& from_column : from_columns) {
          std::size_t count = 0;
          for (const std::size_t row : from_row) {
            for (const std::size_t column : from_column) {
              taps[count++] = picture + row + column;
            }
          }
          use(to, std::span<const std::size_t>(taps.data(), count));
          to += y[3];
        }
      }
    }
  }

  [[nodiscard]] Shape pooled_batch(const Shape& x, const std::string& kind) const {
    const Shape one = x.without_batch();
    return pooled_shape({&one, 1}, kind).with_batch(x[0]);
  }

 private:
  [[nodiscard]] static Taps taps_of(const PoolAxis& axis, std::size_t extent, std::size_t step) {
    Taps all(extent);
    for (std::size_t index = 0; index < extent; ++index) {
      axis.for_each(index, [&](std::size_t pixel) { all[index].push_back(pixel * step); });
    }
    return all;
  }
  [[nodiscard]] PoolAxis rows(std::size_t height) const {
    return {height, geometry_.kernel_height, geometry_.stride.rows, geometry_.pad_top,
            geometry_.dilation.rows};
  }
  [[nodiscard]] PoolAxis columns(std::size_t width) const {
    return {width, geometry_.kernel_width, geometry_.stride.columns, geometry_.pad_left,
            geometry_.dilation.columns};
  }

  WindowGeometry geometry_;
};

}  // namespace detail

}  // namespace upset
