// SPDX-License-Identifier: BSL-1.0
/// safetensors, a file of several named arrays: a JSON header, then their values.
///
/// Source: Hugging Face, safetensors, "Format" (README of github huggingface/safetensors).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <upset/core/error.hpp>
#include <upset/format/bfloat16.hpp>
#include <upset/format/float16.hpp>
#include <upset/io/bytes.hpp>
#include <upset/io/json_integers.hpp>
#include <upset/io/npz.hpp>

namespace upset {

namespace detail {

/// "F32": how the header writes a type.
template <class T>
[[nodiscard]] std::string safetensors_type() {
  return (std::is_floating_point_v<T> ? "F"
          : std::is_signed_v<T>       ? "I"
                                      : "U") +
         std::to_string(8 * sizeof(T));
}

/// Values of the type that the header names; 16-bit floats become floats.
[[nodiscard]] inline Array::Values safetensors_values(const std::string& type,
                                                      std::span<const std::uint8_t> bytes,
                                                      std::size_t count) {
  Array::Values values;
  const auto read = [&]<class Stored>(auto value_of, Stored /*type*/) {
    if (bytes.size() % sizeof(Stored) != 0 || bytes.size() / sizeof(Stored) != count) {
      throw Error("has " + std::to_string(bytes.size()) + " bytes for " + std::to_string(count) +
                  " values of type " + type);
    }
    std::vector<decltype(value_of(Stored{}))> all;
    all.reserve(count);
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(Stored)) {
      all.push_back(value_of(from_bytes<Stored>(bytes.subspan(at, sizeof(Stored)))));
    }
    values = std::move(all);
  };
  if (type == "F16") {
    read([](std::uint16_t code) { return Float16::decode(code); }, std::uint16_t{});
  } else if (type == "BF16") {
    read([](std::uint16_t code) { return BFloat16::decode(code); }, std::uint16_t{});
  } else {
    const bool known = [&]<class... T>(const Array::OneOf<T...>&) {
      return ((type == safetensors_type<T>() && (read([](T value) { return value; }, T{}), true)) ||
              ...);
    }(values);
    if (!known) {
      throw Error("has values of type " + type +
                  "; save it as F32, F64, F16, BF16 or integers of 8 to 64 bits");
    }
  }
  return values;
}

/// An array, and where its values lie.
struct SafetensorsEntry {
  NamedArray array;
  std::size_t end;
  std::size_t begin;
};

/// One entry of the header.
[[nodiscard]] inline SafetensorsEntry safetensors_entry(const std::string& name,
                                                        const nlohmann::json& entry,
                                                        std::span<const std::uint8_t> values) {
  const auto begin = json_integer<std::size_t>(entry.at("data_offsets").at(0));
  const auto end = json_integer<std::size_t>(entry.at("data_offsets").at(1));
  if (begin > end || end > values.size()) {
    throw Error("lies beyond the end of the file");
  }
  Array array{{}, {}};
  std::size_t count = 1;
  for (const auto extent : json_integers<std::size_t>(entry.at("shape"))) {
    array.shape.push_back(extent);
    // no wrapping around: a count above that of the bytes is refused, whatever it is
    count = extent == 0 ? 0 : count > values.size() / extent ? values.size() + 1 : count * extent;
  }
  array.values = safetensors_values(entry.at("dtype"), values.subspan(begin, end - begin), count);
  return {{name, std::move(array)}, end, begin};
}

/// The arrays in the bytes of a safetensors file, in the order of their values; `where` is its name
/// in errors.
[[nodiscard]] inline std::vector<NamedArray> parse_safetensors(std::span<const std::uint8_t> bytes,
                                                               const std::string& where) {
  const auto fail = [&](const std::string& what) { throw Error(where + ": " + what); };
  if (bytes.size() < 8 || from_bytes<std::uint64_t>(bytes) > bytes.size() - 8) {
    fail("ends early: it is shorter than the header it announces; fetch the file again");
  }
  const auto length = static_cast<std::size_t>(from_bytes<std::uint64_t>(bytes));
  const auto header = bytes.subspan(8, length);
  const auto values = bytes.subspan(8 + length);
  std::vector<SafetensorsEntry> arrays;
  try {
    const nlohmann::json json = nlohmann::json::parse(header.begin(), header.end());
    std::size_t claimed = 0;
    for (const auto& [name, entry] : json.items()) {
      if (name == "__metadata__") {
        continue;
      }
      try {
        arrays.push_back(safetensors_entry(name, entry, values));
      } catch (const Error& error) {
        fail("its array " + name + " " + error.what());
      }
      // values that are shared could claim any amount of memory
      claimed += arrays.back().end - arrays.back().begin;
      if (claimed > values.size()) {
        fail("its arrays overlap; fetch the file again");
      }
    }
    if (claimed != values.size()) {
      fail("has bytes that belong to no array; fetch the file again");
    }
  } catch (const nlohmann::json::exception& error) {
    fail(std::string("its header is not one of safetensors (") + error.what() + ")");
  }
  std::ranges::stable_sort(
      arrays, {}, [](const SafetensorsEntry& entry) { return std::pair(entry.end, entry.begin); });
  std::vector<NamedArray> result;
  std::size_t next = 0;
  for (auto& [array, end, begin] : arrays) {
    if (begin != next) {
      fail("its array " + array.name + " overlaps another; fetch the file again");
    }
    next = end;
    result.push_back(std::move(array));
  }
  return result;
}

/// The bytes of a safetensors file.
[[nodiscard]] inline std::vector<std::uint8_t> safetensors_bytes(
    std::span<const NamedArray> arrays) {
  nlohmann::json header = nlohmann::json::object();
  std::vector<std::uint8_t> values;
  for (const auto& [name, array] : arrays) {
    if (header.contains(name) || name == "__metadata__") {
      throw Error("Two arrays are called " + name + "; name them differently");
    }
    const std::size_t begin = values.size();
    std::string type;
    std::visit(
        [&]<class T>(const std::vector<T>& all) {
          type = safetensors_type<T>();
          for (const T value : all) {
            append(values, value);
          }
        },
        array.values);
    nlohmann::json& entry = header[name];
    entry["dtype"] = type;
    entry["shape"] = nlohmann::json::array();
    for (std::size_t axis = 0; axis < array.shape.rank(); ++axis) {
      entry["shape"].push_back(array.shape[axis]);
    }
    entry["data_offsets"] = {begin, values.size()};
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // so that values are aligned
  std::vector<std::uint8_t> bytes;
  append(bytes, static_cast<std::uint64_t>(text.size()));
  bytes.insert(bytes.end(), text.begin(), text.end());
  bytes.insert(bytes.end(), values.begin(), values.end());
  return bytes;
}

}  // namespace detail

/// Reads all arrays, in the order in which their values lie in the file.
///
/// - errors: throws `Error` naming file and array: missing, truncated, a header that is no JSON of
///   arrays, another type, values that overlap, are too few or too many, more than six extents
[[nodiscard]] inline std::vector<NamedArray> load_safetensors(const std::filesystem::path& path) {
  return detail::parse_safetensors(detail::read_bytes(path), path.string());
}

/// Writes arrays in this order. Throws `Error` as `save_npy`, and for two arrays of one name.
inline void save_safetensors(const std::filesystem::path& path,
                             std::span<const NamedArray> arrays) {
  detail::write_bytes(path, detail::safetensors_bytes(arrays));
}

/// `load_safetensors` of a file that ends in .safetensors, else `load_npz`.
[[nodiscard]] inline std::vector<NamedArray> load_arrays(const std::filesystem::path& path) {
  return path.extension() == ".safetensors" ? load_safetensors(path) : load_npz(path);
}

/// `save_safetensors` to a file that ends in .safetensors, else `save_npz`.
inline void save_arrays(const std::filesystem::path& path, std::span<const NamedArray> arrays) {
  path.extension() == ".safetensors" ? save_safetensors(path, arrays) : save_npz(path, arrays);
}

}  // namespace upset
