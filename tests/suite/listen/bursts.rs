//! bursts
