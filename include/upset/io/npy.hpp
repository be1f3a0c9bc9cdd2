// SPDX-License-Identifier: BSL-1.0
/// NPY, the format of a NumPy array on disk.
///
/// Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays",
/// versions 1.0, 2.0.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/io/bytes.hpp>
#include <upset/tensor/tensor.hpp>

namespace upset {

/// Values of one of ten types, last extent fastest.
struct Array {
  template <class... T>
  using OneOf = std::variant<std::vector<T>...>;
  using Values = OneOf<float, double, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                       std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;

  Shape shape{0};
  Values values;  ///< shape.size() of them

  [[nodiscard]] friend bool operator==(const Array&, const Array&) = default;
};

/// As floats: each value rounded to the nearest.
[[nodiscard]] inline Tensor to_tensor(const Array& array) {
  Tensor tensor(array.shape);
  std::visit(
      [&](const auto& values) {
        std::ranges::transform(values, tensor.data(),
                               [](auto value) { return static_cast<float>(value); });
      },
      array.values);
  return tensor;
}

[[nodiscard]] inline Array to_array(const Tensor& tensor) {
  return {tensor.shape(), std::vector<float>(tensor.values().begin(), tensor.values().end())};
}

namespace detail {

/// "<f4": how NPY's header writes a type, byte order first.
template <class T>
[[nodiscard]] std::string npy_type() {
  return std::string(sizeof(T) == 1 ? "|" : "<") +
         (std::is_floating_point_v<T> ? "f"
          : std::is_signed_v<T>       ? "i"
                                      : "u") +
         std::to_string(sizeof(T));
}

struct NpyHeader {
  std::optional<std::string> type;
  std::optional<bool> fortran_order;
  std::optional<Shape> shape;
};

/// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, keys in any order.
[[nodiscard]] inline NpyHeader parse_npy_header(std::string_view text, const std::string& where) {
  const auto take = [&](std::string_view token) {
    text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
    const bool found = text.starts_with(token);
    text.remove_prefix(found ? token.size() : 0);
    return found;
  };
  const auto expect = [&](std::string_view token) {
    if (!take(token)) {
      throw Error(where + ": its NPY header is not that of an array of numbers: \"" +
                  std::string(token) + "\" should come before \"" +
                  std::string(text.substr(0, 16)) + "\"");
    }
  };
  NpyHeader header;
  expect("{");
  while (!take("}")) {
    if (take("'descr':")) {
      expect("'");
      header.type = text.substr(0, text.find('\''));
      text.remove_prefix(header.type->size());
      expect("'");
    } else if (take("'fortran_order':")) {
      header.fortran_order = take("True");
      if (!*header.fortran_order) {
        expect("False");
      }
    } else {
      expect("'shape':");
      expect("(");
      header.shape = Shape();
      while (!take(")")) {
        std::size_t extent = 0;
        (void)take("");  // spaces
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
        if (error != std::errc() || header.shape->rank() == Shape::max_rank) {
          throw Error(where + ": its shape must be at most 6 numbers, not \"" +
                      std::string(text.substr(0, 24)) + "\"");
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        header.shape->push_back(extent);
        if (!take(",")) {
          expect(")");
          break;
        }
      }
    }
    if (!take(",")) {
      expect("}");
      break;
    }
  }
  if (!header.type || !header.fortran_order || !header.shape) {
    throw Error(where + ": its NPY header lacks descr, fortran_order or shape");
  }
  return header;
}

/// The array in the bytes of an NPY file; `where` is its name in errors.
[[nodiscard]] inline Array parse_npy(std::span<const std::uint8_t> bytes,
                                     const std::string& where) {
  const auto fail = [&](const std::string& what) { throw Error(where + ": " + what); };
  const auto need = [&](std::uint64_t count) {
    if (bytes.size() < count) {
      fail("ends early in its NPY header; fetch the file again");
    }
  };
  constexpr std::string_view magic = "\x93NUMPY";
  if (!std::ranges::equal(bytes.first(std::min(bytes.size(), magic.size())), magic, {}, {},
                          [](char letter) { return static_cast<std::uint8_t>(letter); })) {
    fail("not an NPY file: it does not start with \\x93NUMPY");
  }
  need(8);
  const int version = bytes[6];
  if ((version != 1 && version != 2) || bytes[7] != 0) {
    fail("is of NPY version " + std::to_string(version) + "." + std::to_string(bytes[7]) +
         "; save it as version 1.0 or 2.0");
  }
  const std::size_t start = version == 1 ? 10 : 12;
  need(start);
  const std::uint64_t length = version == 1 ? from_bytes<std::uint16_t>(bytes.subspan(8))
                                            : from_bytes<std::uint32_t>(bytes.subspan(8));
  need(start + length);
  const std::string text(bytes.begin() + static_cast<std::ptrdiff_t>(start),
                         bytes.begin() + static_cast<std::ptrdiff_t>(start + length));
  bytes = bytes.subspan(start + length);

  const NpyHeader header = parse_npy_header(text, where);
  if (*header.fortran_order) {
    fail("is in Fortran order; save numpy.ascontiguousarray of it");
  }
  Array array{*header.shape, {}};
  const auto read = [&]<class T>(std::vector<T> values) {
    std::uint64_t size = sizeof(T);
    for (std::size_t axis = 0; axis < array.shape.rank(); ++axis) {
      const std::uint64_t extent = array.shape[axis];
      constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
      size = extent != 0 && size > most / extent ? most : size * extent;  // does not wrap around
    }
    if (size != bytes.size()) {
      fail("should have " + std::to_string(size) + " bytes of values for its shape " +
           to_string(array.shape) + ", and has " + std::to_string(bytes.size()) +
           "; fetch the file again");
    }
    values.reserve(static_cast<std::size_t>(size / sizeof(T)));
    for (std::size_t at = 0; at < size; at += sizeof(T)) {
      values.push_back(from_bytes<T>(bytes.subspan(at, sizeof(T))));
    }
    array.values = std::move(values);
  };
  const bool known = [&]<class... T>(const Array::OneOf<T...>&) {
    return ((*header.type == npy_type<T>() && (read(std::vector<T>()), true)) || ...);
  }(array.values);
  if (!known) {
    fail("has values of type '" + *header.type +
         "'; save it as float32, float64 or integers of 8 to 64 bits, little endian");
  }
  return array;
}

/// The bytes of an NPY file, version 1.0. Throws `Error` where values and shape differ in number.
[[nodiscard]] inline std::vector<std::uint8_t> npy_bytes(const Array& array) {
  return std::visit(
      [&]<class T>(const std::vector<T>& values) {
        if (values.size() != array.shape.size()) {
          throw Error("An array of shape " + to_string(array.shape) + " needs " +
                      std::to_string(array.shape.size()) + " values, not " +
                      std::to_string(values.size()));
        }
        std::string text = "{'descr': '" + npy_type<T>() + "', 'fortran_order': False, 'shape': (";
        for (std::size_t axis = 0; axis < array.shape.rank(); ++axis) {
          text += (axis == 0 ? "" : ", ") + std::to_string(array.shape[axis]);
        }
        text += array.shape.rank() == 1 ? ",), }" : "), }";
        constexpr std::size_t start = 10;
        text.append(63 - (start + text.size()) % 64, ' ');  // so that values are aligned
        text += '\n';
        std::vector<std::uint8_t> bytes{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
        bytes.reserve(start + text.size() + values.size() * sizeof(T));
        append(bytes, static_cast<std::uint16_t>(text.size()));
        bytes.insert(bytes.end(), text.begin(), text.end());
        for (const T value : values) {
          append(bytes, value);
        }
        return bytes;
      },
      array.values);
}

}  // namespace detail

/// Reads an array of floats or integers; not a compressed file.
///
/// - errors: throws `Error` naming the file: missing, truncated, too long, no NPY file, more than
///   six extents, Fortran order, big endian or another type
[[nodiscard]] inline Array load_npy(const std::filesystem::path& path) {
  return detail::parse_npy(detail::read_bytes(path), path.string());
}

/// Writes an array as NumPy does.
///
/// - errors: throws `Error` when the file cannot be written, and then leaves the old one; and for
///   an array with more or fewer values than its shape
inline void save_npy(const std::filesystem::path& path, const Array& array) {
  detail::write_bytes(path, detail::npy_bytes(array));
}

}  // namespace upset
