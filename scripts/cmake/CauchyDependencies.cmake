# Finds the libraries; a missing one is told with the name of its Debian package.

macro(cauchy_find name package)
  find_package(${name} QUIET ${ARGN})
  if(NOT ${name}_FOUND)
    list(APPEND cauchy_missing "  ${name}: apt-get install ${package}")
  endif()
endmacro()

set(cauchy_missing "")
set(HDF5_PREFER_PARALLEL OFF)
set(MPI_CXX_SKIP_MPICXX ON)
find_package(Threads REQUIRED)
if(MPI_EXECUTABLE_SUFFIX STREQUAL ".mpich")  # the preset mpich
  cauchy_find(MPI "libmpich-dev mpich" COMPONENTS CXX)
else()
  cauchy_find(MPI libopenmpi-dev COMPONENTS CXX)
endif()
cauchy_find(Eigen3 libeigen3-dev 3.4 NO_MODULE)
cauchy_find(Boost libboost-program-options-dev 1.74 COMPONENTS program_options)
cauchy_find(ZLIB zlib1g-dev)

# Debian installs a serial and an MPI flavour side by side and lets the plain name point at either: ask for the serial
# one by name, and take the plain name elsewhere.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(HDF5_SERIAL QUIET IMPORTED_TARGET hdf5-serial)
endif()
if(HDF5_SERIAL_FOUND)
  add_library(cauchy_hdf5 ALIAS PkgConfig::HDF5_SERIAL)
else()
  find_package(HDF5 QUIET COMPONENTS C)
  if(NOT HDF5_FOUND OR HDF5_IS_PARALLEL)
    list(APPEND cauchy_missing "  HDF5 (serial flavour): apt-get install libhdf5-dev")
  else()
    add_library(cauchy_hdf5 ALIAS hdf5::hdf5)
  endif()
endif()

if(BUILD_TESTING OR NOT DEFINED BUILD_TESTING)
  cauchy_find(GTest libgtest-dev)
  cauchy_find(benchmark libbenchmark-dev)
endif()

if(cauchy_missing)
  list(JOIN cauchy_missing "\n" cauchy_missing_text)
  message(FATAL_ERROR "Packages are missing (Debian's names):\n${cauchy_missing_text}\n"
                      "scripts/install_packages.sh installs all of them.")
endif()

# Debian's package configuration of oneDNN asks for OpenCL, which the CPU engine does not need: find the parts directly.
# Debian's oneDNN runs on GNU's OpenMP library, whose thread count we must be able to set.
set(CAUCHY_HAVE_ONEDNN OFF)
if(CAUCHY_WITH_ONEDNN)
  find_path(CAUCHY_DNNL_INCLUDE dnnl.hpp)
  find_library(CAUCHY_DNNL_LIBRARY dnnl)
  file(GLOB cauchy_gcc_folders /usr/lib/gcc/${CMAKE_LIBRARY_ARCHITECTURE}/*)
  find_library(CAUCHY_GOMP_LIBRARY gomp HINTS ${cauchy_gcc_folders})
  if(CAUCHY_DNNL_INCLUDE AND CAUCHY_DNNL_LIBRARY AND CAUCHY_GOMP_LIBRARY)
    set(CAUCHY_HAVE_ONEDNN ON)
    add_library(cauchy_onednn INTERFACE IMPORTED)
    target_include_directories(cauchy_onednn INTERFACE ${CAUCHY_DNNL_INCLUDE})
    target_link_libraries(cauchy_onednn INTERFACE ${CAUCHY_DNNL_LIBRARY} ${CAUCHY_GOMP_LIBRARY})
    message(STATUS "Matrix products: oneDNN (${CAUCHY_DNNL_LIBRARY})")
  endif()
endif()
if(NOT CAUCHY_HAVE_ONEDNN)
  message(STATUS "Matrix products: Eigen (apt-get install libdnnl-dev for faster ones)")
endif()
