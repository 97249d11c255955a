// NumPy arrays at the border: shapes checked once, then plain spans.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <span>
#include <stdexcept>
#include <string>

namespace synthrl::python {

template <typename T>
using Array = pybind11::array_t<T, pybind11::array::c_style | pybind11::array::forcecast>;

// Throws std::invalid_argument unless `array` is [rows, columns].
template <typename T>
void check_matrix(const Array<T>& array, std::size_t columns, const char* name) {
  if (array.ndim() != 2 || static_cast<std::size_t>(array.shape(1)) != columns) {
    throw std::invalid_argument(std::string(name) + " must have shape [N, " +
                                std::to_string(columns) + "]");
  }
}

// Throws std::invalid_argument unless `array` is [rows].
template <typename T>
void check_vector(const Array<T>& array, std::size_t rows, const char* name) {
  if (array.ndim() != 1 || static_cast<std::size_t>(array.shape(0)) != rows) {
    throw std::invalid_argument(std::string(name) + " must have shape [" + std::to_string(rows) +
                                "]");
  }
}

// Row `index` of a [N, kColumns] array.
template <std::size_t kColumns, typename T>
std::span<const T, kColumns> row(const Array<T>& array, std::size_t index) {
  return std::span<const T, kColumns>(array.data() + index * kColumns, kColumns);
}

}  // namespace synthrl::python
