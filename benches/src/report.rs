//! The table and the chart.
