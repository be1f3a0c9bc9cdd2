// SPDX-License-Identifier: BSL-1.0
/// Faults as a list in a file: campaigns of others repeated, fault by fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/fault/element_index.hpp>
#include <upset/fault/fault_space.hpp>

namespace upset {

/// One row of a fault list.
struct ListedFault {
  std::string layer;        ///< "layer1.0.conv1"
  std::string parameter;    ///< "kernel", or "weight" as ONNX and PyTorch have it
  std::uint64_t index = 0;  ///< of the element in ONNX order
  int bit = 0;              ///< of its lane, 0 the least significant
  std::size_t line = 0;     ///< of the file, counted from 1

  [[nodiscard]] friend bool operator==(const ListedFault&, const ListedFault&) = default;
};

namespace detail {

/// The fields of one line of RFC 4180; a field with a line break in it is not understood.
[[nodiscard]] inline std::vector<std::string> csv_fields(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

}  // namespace detail

/// Reads a fault list, a CSV file with one fault a row, in the order of the file.
///
/// Its header says which of two layouts it has; other columns are passed over, so tables of
/// outcomes are fault lists too:
/// - `layer,parameter,index,bit`, where index is the number of the element in ONNX order
/// - `Layer,TensorIndex,Bit`, where TensorIndex is "(out, in, y, x)" or "(out, in)" of the weights;
///   `shapes` then make it a number
///
/// - errors: a file that cannot be read, or a row that is not a fault: `Error` with file and line
/// - source: the second layout: outcomes published with Ruospo et al., Assessing Convolutional
///           Neural Networks Reliability through Statistical Fault Injections, DATE 2023
[[nodiscard]] inline std::vector<ListedFault> read_fault_list(
    const std::filesystem::path& path, std::span<const NamedShape> shapes = {}) {
  if (std::filesystem::is_directory(path)) {
    throw Error("Cannot read the fault list " + path.string() + ": it is a folder; give a file");
  }
  std::ifstream file(path);
  if (!file) {
    throw Error("Cannot read the fault list " + path.string() + "; give a file that exists");
  }
  std::size_t line = 0;
  const auto next = [&](std::vector<std::string>& fields) {
    std::string text;
    while (std::getline(file, text)) {
      ++line;
      if (constexpr std::string_view mark = "\xEF\xBB\xBF"; line == 1 && text.starts_with(mark)) {
        text.erase(0, mark.size());  // of byte order, as spreadsheets write it
      }
      if (text.ends_with('\r')) {
        text.pop_back();
      }
      if (!text.empty()) {
        fields = detail::csv_fields(text);
        return true;
      }
    }
    return false;
  };
  std::vector<std::string> header;
  (void)next(header);
  const auto column = [&](std::string_view name) {
    std::size_t at = 0;
    while (at < header.size() && header[at] != name) {
      ++at;
    }
    return at;
  };
  const bool flat = column("index") < header.size();
  const std::size_t layer = column(flat ? "layer" : "Layer");
  const std::size_t parameter = column("parameter");
  const std::size_t element = column(flat ? "index" : "TensorIndex");
  const std::size_t bit = column(flat ? "bit" : "Bit");
  for (const std::size_t at : {layer, flat ? parameter : layer, element, bit}) {
    if (at == header.size()) {
      throw Error(path.string() +
                  ": the header names no fault list; expected columns layer,parameter,index,bit or "
                  "Layer,TensorIndex,Bit");
    }
  }

  std::vector<ListedFault> faults;
  std::vector<std::string> row;
  const auto refuse = [&](std::size_t field, const std::string& expected) {
    throw Error(path.string() + ":" + std::to_string(line) + ": " + header[field] + " is '" +
                row[field] + "'; expected " + expected);
  };
  while (next(row)) {
    if (row.size() != header.size()) {
      throw Error(path.string() + ":" + std::to_string(line) + ": the row has " +
                  std::to_string(row.size()) + " fields; expected " +
                  std::to_string(header.size()) + " as in the header");
    }
    ListedFault fault{row[layer], flat ? row[parameter] : "weight", 0, 0, line};
    std::optional<std::uint64_t> index;
    if (flat) {
      index = detail::whole_number(row[element]);
      if (!index) {
        refuse(element, "a whole number");
      }
    } else {
      const NamedShape* const known = detail::find_parameter(shapes, fault.layer, fault.parameter);
      if (known == nullptr) {
        refuse(layer, "a layer with weights of a known shape");
      }
      index = detail::flat_index(row[element], known->shape);
      if (!index) {
        refuse(element,
               "the place of a weight as \"(out, in, y, x)\" or \"(out, in)\", in memory " +
                   to_string(known->shape));
      }
    }
    fault.index = *index;
    const auto number = detail::whole_number(row[bit]);
    if (!number || *number > std::numeric_limits<std::int16_t>::max()) {
      refuse(bit, "the number of a bit, 0 the least significant");
    }
    fault.bit = static_cast<int>(*number);
    faults.push_back(std::move(fault));
  }
  return faults;
}

/// The faults of a list as numbers of bits of `space`, in the order of the list.
///
/// - errors: a parameter set, element or bit that does not exist, or that `space` leaves out:
///           `Error` with the line
/// - cost:   O(faults * images)
[[nodiscard]] inline std::vector<std::uint64_t> sites_of(std::span<const ListedFault> faults,
                                                         const FaultSpace& space,
                                                         std::span<const NamedShape> shapes) {
  std::vector<std::uint64_t> sites;
  sites.reserve(faults.size());
  for (const ListedFault& fault : faults) {
    const NamedImage* const image =
        detail::find_parameter(space.images(), fault.layer, fault.parameter);
    const NamedShape* const known = detail::find_parameter(shapes, fault.layer, fault.parameter);
    try {
      if (image == nullptr || known == nullptr) {
        throw Error("the network has no parameter set " + fault.layer + "." + fault.parameter);
      }
      sites.push_back(space.find(
          image->name, memory_index(known->shape, fault.index, known->pixels), fault.bit));
    } catch (const Error& problem) {
      throw Error("Line " + std::to_string(fault.line) + " of the fault list: " + problem.what());
    }
  }
  return sites;
}

}  // namespace upset
